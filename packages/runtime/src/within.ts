/** Thrown by `within` when the time is over. */
class TimeLimitError extends Error {
  constructor(what: string, limitMs: number) {
    super(`${what} took longer than ${limitMs} ms`);
    this.name = 'TimeLimitError';
  }
}

/**
 * Waits for work, but not for ever. The signal is aborted when the time is over, so that the work can stop; its
 * late result or error is dropped.
 */
export async function within<T>(
  limitMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const controller = new AbortController();
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new TimeLimitError(what, limitMs);
    reject(error);
    controller.abort(error);
  }, limitMs);
  try {
    return await Promise.race([Promise.resolve(work(controller.signal)), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
