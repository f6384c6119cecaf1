import { AppError } from '@wakefield/domain';

/** Readers of logs that one process has at once, and those of one caller. */
const MOST = { inAll: 200, ofCaller: 20 } as const;

/** What there are many of takes memory, a connection and a question to Redis each half second: they are counted. */
export interface Readers {
  /**
   * @returns leave
   * @throws AppError `overloaded`
   */
  enter(caller: string): () => void;
  /** How many there are now. */
  count(): number;
}

/** @param what is done to logs by each of them, for messages */
export function createReaders(
  what: 'followed' | 'waited for',
  most: { readonly inAll: number; readonly ofCaller: number } = MOST,
): Readers {
  const callers = new Map<string, number>();
  let inAll = 0;
  const count = (caller: string, by: 1 | -1) => {
    inAll += by;
    const now = (callers.get(caller) ?? 0) + by;
    if (now === 0) callers.delete(caller);
    else callers.set(caller, now);
  };
  return {
    enter(caller) {
      if (inAll >= most.inAll || (callers.get(caller) ?? 0) >= most.ofCaller) {
        const whose = inAll >= most.inAll ? 'here' : 'by you';
        throw new AppError('overloaded', `Too many logs are ${what} ${whose} at the moment.`, {
          retryAfterSeconds: 10,
        });
      }
      count(caller, 1);
      return () => count(caller, -1);
    },
    count: () => inAll,
  };
}
