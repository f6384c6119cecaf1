import type { Log } from '@wakefield/control';
import { isAppError } from '@wakefield/domain';
import { plainError } from './plain-error.ts';

/** Runs what asks somebody else, and logs when that begins to fail and when it is over: once each, however many ask. */
export type Watched = <T>(ask: () => Promise<T>) => Promise<T>;

/**
 * @param who for the log: the issuer, and what is asked of it. A refusal of the token that is asked about is an answer, and
 *   no trouble
 */
export function watchTrouble(
  log: Log,
  who: { readonly issuer: string; readonly asked: string },
): Watched {
  let inTrouble = false;
  const well = (): void => {
    if (inTrouble) log.info(who, 'an issuer answers again');
    inTrouble = false;
  };
  const failed = (error: unknown): void => {
    const cause = isAppError(error) ? (error.cause ?? error) : error;
    if (!inTrouble) log.warn({ ...who, err: plainError(cause) }, 'an issuer does not answer');
    inTrouble = true;
  };
  return async (ask) => {
    try {
      const answer = await ask();
      well();
      return answer;
    } catch (error) {
      if (isAppError(error) && error.code === 'invalid_api_key') well();
      else failed(error);
      throw error;
    }
  };
}
