import { ClusterError } from '@wakefield/control';
import { fingerprint } from './host-key.ts';
import { describeTarget, type SshTarget } from './target.ts';

/** What ssh2 adds to an error: the stage at which it happened. */
interface SshError extends Error {
  readonly level?: string;
  readonly code?: string;
}

/** Tells a login that failed: what is wrong, and whether a person has to act. */
export function connectFailure(
  error: SshError,
  target: SshTarget,
  shownKey: Buffer | null,
): ClusterError {
  if (error instanceof ClusterError) return error;
  const where = describeTarget(target);
  if (error.level === 'client-authentication')
    return new ClusterError('misconfigured', `${where} does not accept the key for it`, error);
  if (/verification failed/i.test(error.message) && shownKey !== null)
    return new ClusterError(
      'misconfigured',
      `the host key of ${target.host} is not the pinned one: it shows ${fingerprint(shownKey)}`,
      error,
    );
  if (/^Cannot parse privateKey|does not contain a \(valid\) private key/.test(error.message))
    return new ClusterError('misconfigured', `${target.keyFile}: ${error.message}`, error);
  if (/^Unsupported algorithm/.test(error.message))
    return new ClusterError(
      'misconfigured',
      `the host key pinned for ${target.host} is of an unknown kind: ${error.message}`,
      error,
    );
  return new ClusterError('unreachable', `${where} cannot be reached: ${reason(error)}`, error);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name does not resolve at the moment',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
  ECONNRESET: 'connection reset',
};

function reason(error: SshError): string {
  if (error.level === 'client-timeout') return 'no answer in time';
  if (/before handshake/.test(error.message)) return 'it is not an ssh server, or it hung up';
  // All addresses of a name may have failed, each with its own error.
  const first = error instanceof AggregateError ? (error.errors[0] as SshError) : error;
  return reasons[first.code ?? ''] ?? (first.message === '' ? 'connection failed' : first.message);
}

/**
 * Wait before the next login after the n-th failure in a row, in milliseconds. Refused logins wait longer: sites
 * lock out those who knock too often. A host that does not answer is tried every few seconds, because it is wanted as
 * soon as it is back.
 */
export function reconnectDelay(
  failures: number,
  kind: ClusterError['kind'],
  random: number,
): number {
  const first = kind === 'misconfigured' ? 10_000 : 250;
  const limit = kind === 'misconfigured' ? 300_000 : 5_000;
  return Math.round(Math.min(limit, first * 2 ** (failures - 1)) * (0.75 + random / 2));
}
