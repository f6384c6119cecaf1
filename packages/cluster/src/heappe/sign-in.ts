import { readFile } from 'node:fs/promises';
import { ClusterError } from '@wakefield/control';
import { z } from 'zod';
import type { HeappeConfig } from '../config/heappe.ts';
import type { Exchange } from './exchange.ts';
import { HeappeError, parseJson } from './failures.ts';
import type { Features } from './features.ts';

/** What a call carries so that HEAppE knows whose it is. */
export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  /** null: the headers say it, and no session code is sent. */
  readonly sessionCode: string | null;
}

export interface SignIn {
  /** One sign-in at a time, whoever waits for it, kept until it is dropped. */
  identity(): Promise<Identity>;
  /** null: nobody is signed in. */
  current(): Identity | null;
  /** It was not good any more; whoever comes next signs in again. Another one than the current is nobody's concern. */
  drop(identity: Identity): void;
}

type Credential = HeappeConfig['credential'];

/** Bytes of a whole sign-in request (RequestSizeLimit of UserAndLimitationManagementController.cs). */
const longestPasswordRequest = 148;
const longestTokenRequest = 2048;
/** Answer to a token by an instance that wants it as a header of each call. */
const headerNeeded = 'HEADER-AUTH-NEEDED';

/**
 * @param publicFeatures asked before an API key or a token is used, since older instances ignore such a header and call
 *   us nobody; null: it does not say to strangers, so it is older than 6.2
 */
export function createSignIn(
  credential: Credential,
  exchange: Exchange,
  publicFeatures: (signal: AbortSignal) => Promise<Features | null>,
  timeoutMs: number,
): SignIn {
  let current: Promise<Identity> | null = null;
  let known: Identity | null = null;

  const post = async (
    action: string,
    credentials: object,
    limit: number,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const body = JSON.stringify({ Credentials: credentials });
    if (Buffer.byteLength(body) > limit)
      throw new ClusterError(
        'misconfigured',
        `${action}: HEAppE takes ${limit} bytes, these are more`,
      );
    const path = `UserAndLimitationManagement/${action}`;
    const call = { method: 'POST', path, body, headers, timeoutMs } as const;
    const code = z
      .string()
      .min(1)
      .safeParse(parseJson(await exchange.text(action, call, signal)));
    if (code.success) return code.data;
    throw new HeappeError('unreachable', `${action}: the answer is not a session code`);
  };

  async function signIn(signal: AbortSignal): Promise<Identity> {
    if (credential.kind === 'password') {
      const credentials = {
        Username: credential.user,
        Password: await secretOf(credential.passwordFile),
      };
      const sessionCode = await asWrongPassword(() =>
        post('AuthenticateUserPassword', credentials, longestPasswordRequest, signal),
      );
      return { headers: {}, sessionCode };
    }
    if (credential.kind === 'api-key') {
      const features = await publicFeatures(signal);
      if (features?.apiKey !== true)
        throw new ClusterError(
          'misconfigured',
          'API keys need HEAppE 6.2 or newer; use a password',
        );
      const key = await secretOf(credential.keyFile);
      return { headers: { 'x-api-key': `${credential.user}:${key}` }, sessionCode: null };
    }
    return await withToken(await secretOf(credential.tokenFile), signal);
  }

  /**
   * Whether an instance wants tokens as headers or changed for sessions is its configuration's to say, not its version's:
   * it is asked for a session, and told by the header, too, which instances that want none ignore. In 6.1 nobody gets
   * past the door without it, the one who asks for a session included (LexisAuthMiddleware.cs).
   */
  async function withToken(token: string, signal: AbortSignal): Promise<Identity> {
    const headers = { authorization: `Bearer ${token}` };
    const action = 'AuthenticateLexisToken';
    const credentials = { OpenIdAccessToken: token };
    try {
      const code = await post(action, credentials, longestTokenRequest, signal, headers);
      return { headers, sessionCode: code === headerNeeded ? null : code };
    } catch (error) {
      // One that introspects tokens itself knows nothing of sessions, and says no. What is no answer says nothing.
      if (error instanceof HeappeError && ![400, 401, 403, 404].includes(error.status ?? 0))
        throw error;
      if ((await publicFeatures(signal))?.bearer === 'header')
        return { headers, sessionCode: null };
      const { message } = error as Error;
      throw new ClusterError('misconfigured', `the token was refused: ${message}`, error);
    }
  }

  return {
    identity() {
      if (current !== null) return current;
      // Not the signal of who came first: others wait for it, too.
      const attempt = signIn(AbortSignal.timeout(2 * timeoutMs));
      current = attempt;
      attempt.then(
        (identity) => {
          if (current === attempt) known = identity;
        },
        () => {
          if (current === attempt) current = null;
        },
      );
      return attempt;
    },
    current: () => known,
    drop(identity) {
      if (identity !== known) return;
      known = null;
      current = null;
    },
  };
}

/** A wrong password is 502 `External Service Error`, in V5 500 `External Problem` (ExceptionMiddleware.cs). */
async function asWrongPassword<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const wrong =
      error instanceof HeappeError && /^External (Service Error|Problem)$/.test(error.title);
    if (!wrong) throw error;
    throw new HeappeError(
      'misconfigured',
      `user or password is wrong: ${error.detail}`,
      { status: 401 },
      error,
    );
  }
}

/** Read anew each time: tokens are renewed and keys replaced by whoever keeps the file. */
async function secretOf(file: string): Promise<string> {
  try {
    const text = (await readFile(file, 'utf8')).trim();
    if (text !== '') return text;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Its path is nothing for those who activate a project; it stands in the cause.
    const words = `the file of our credential cannot be read: ${code ?? message}`;
    throw new ClusterError('misconfigured', words, error);
  }
  throw new ClusterError('misconfigured', 'the file of our credential is empty');
}
