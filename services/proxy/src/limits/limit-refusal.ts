import { AppError } from '@wakefield/domain';
import type { LimitKind, Obstacle } from './meter.ts';

const units: Readonly<Record<LimitKind, string>> = {
  requests: 'requests per minute',
  tokens: 'tokens per minute',
  concurrent: 'requests at a time',
};
/** Longest that anybody is sent away for: most of what was used is forgotten by then, whatever comes in between. */
const longestSeconds = 3600;
const shownLength = 200;

/** A refusal for its caller: which limit, whose, and when to come again; never for what would never be let in. */
export function limitRefusal({ meter, kind, limit, afterMs }: Obstacle, tokens: number): AppError {
  const { scope, name } = meter;
  const whose = `the ${scope} "${name.slice(0, shownLength)}"`;
  const type = kind === 'tokens' ? 'tokens' : 'requests';
  if (!Number.isFinite(afterMs)) {
    const most = Math.floor(meter.tokens?.rate.burst ?? 0);
    return new AppError(
      'rate_limit_exceeded',
      `This request may take ${tokens} tokens, and ${whose} may use ${most} at once (limit: ${limit} ${units[kind]}). Ask for fewer.`,
      { type, param: 'max_tokens' },
    );
  }
  const seconds = Math.min(longestSeconds, Math.max(1, Math.ceil(afterMs / 1000)));
  return new AppError(
    'rate_limit_exceeded',
    `The limit of ${whose} is reached: ${limit} ${units[kind]}. Come again in ${seconds} s.`,
    { type, retryAfterSeconds: seconds },
  );
}
