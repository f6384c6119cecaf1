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

  const post = async (action: string, credentials: object, limit: number, signal: AbortSignal) => {
    const body = JSON.stringify({ Credentials: credentials });
    if (Buffer.byteLength(body) > limit)
      throw new ClusterError(
        'misconfigured',
        `${action}: HEAppE takes ${limit} bytes, these are more`,
      );
    const path = `UserAndLimitationManagement/${action}`;
    const call = { method: 'POST', path, body, timeoutMs } as const;
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
    const token = await secretOf(credential.tokenFile);
    const asHeader = { headers: { authorization: `Bearer ${token}` }, sessionCode: null };
    const features = await publicFeatures(signal);
    if (features?.bearer === 'header') return asHeader;
    const credentials = { OpenIdAccessToken: token };
    const code = await post('AuthenticateLexisToken', credentials, longestTokenRequest, signal);
    return code === headerNeeded ? asHeader : { headers: {}, sessionCode: code };
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
    throw new ClusterError('misconfigured', `${file} cannot be read: ${code ?? message}`, error);
  }
  throw new ClusterError('misconfigured', `${file} is empty`);
}
