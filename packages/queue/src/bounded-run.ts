/** Why a run was told to stop. */
export type StopCause = 'time limit' | 'shutdown';

/** A run did not end by itself: it was told to stop and did, or did not and was given up. */
export class RunStoppedError extends Error {
  readonly stoppedBy: StopCause;

  constructor(stoppedBy: StopCause, cause?: unknown) {
    super(`the run was stopped: ${stoppedBy}`, cause === undefined ? undefined : { cause });
    this.name = 'RunStoppedError';
    this.stoppedBy = stoppedBy;
  }
}

export interface Bounds {
  readonly timeLimitMs: number;
  /** Aborted when the process has to end. */
  readonly shutdown: AbortSignal;
  /** How long a run may take to stop once it is told. */
  readonly stopWithinMs: number;
}

/**
 * Runs work that is told to stop at its time limit or at shutdown, and is given up a little later. Work that ends
 * well after it was told is work done.
 * @throws {RunStoppedError} when it was told and failed, or was given up
 */
export async function boundedRun(
  { timeLimitMs, shutdown, stopWithinMs }: Bounds,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  let patience: NodeJS.Timeout | undefined;
  let stoppedBy: StopCause | null = null;

  const tell = (cause: StopCause): void => {
    if (stoppedBy !== null) return;
    stoppedBy = cause;
    stop.abort(new RunStoppedError(cause));
    patience = setTimeout(() => reject(new RunStoppedError(cause)), stopWithinMs);
  };
  const onShutdown = (): void => tell('shutdown');
  const limit = setTimeout(() => tell('time limit'), timeLimitMs);
  shutdown.addEventListener('abort', onShutdown, { once: true });
  if (shutdown.aborted) onShutdown();
  try {
    await Promise.race([work(stop.signal), givenUp]);
  } catch (error) {
    throw stoppedBy === null || error instanceof RunStoppedError
      ? error
      : new RunStoppedError(stoppedBy, error);
  } finally {
    clearTimeout(limit);
    clearTimeout(patience);
    shutdown.removeEventListener('abort', onShutdown);
  }
}
