import { errorTable } from '@wakefield/contracts';
import { AppError, isAppError } from '@wakefield/domain';

/** Redis did not take or answer a call. The cause is for the log. */
export function storeUnavailable(cause: unknown): AppError {
  return new AppError('store_unavailable', 'The queue does not answer at the moment.', { cause });
}

/** Runs a call to Redis; whatever it fails with becomes `store_unavailable`. */
export async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storeUnavailable(error);
  }
}

/** What a failed run means for its job. */
export interface Disposition {
  /** `ack`: the job is done with. `fail`: it is counted as failed; the sweep finds the work again. */
  readonly outcome: 'ack' | 'fail';
  readonly log: 'debug' | 'info' | 'warn' | 'error';
  /** Constant message of the log line. */
  readonly message: string;
}

/**
 * 1. A lost lease: somebody else works on it, stop quietly.
 * 2. A rejection (an error of the caller's making): the answer is given, the job is done.
 * 3. A dependency that is away: fails, the sweep tries again.
 * 4. Anything else is a fault of ours.
 */
export function disposition(error: unknown): Disposition {
  // By name, not by class: survives a duplicate install.
  if (error instanceof Error && error.name === 'LeaseLostError') {
    return { outcome: 'ack', log: 'info', message: 'run stopped: lease lost' };
  }
  if (isAppError(error)) {
    const { status, log } = errorTable[error.code];
    return status < 500
      ? { outcome: 'ack', log: 'info', message: 'run ended in a rejection' }
      : { outcome: 'fail', log, message: 'run failed' };
  }
  return { outcome: 'fail', log: 'error', message: 'run failed' };
}
