import { AppError } from '@wakefield/domain';

/** Streams that one process has open at once, and those of one caller. */
const MOST = { inAll: 200, ofCaller: 20 } as const;

/** Streams take memory, a connection and a question to Redis each half second: they are counted. */
export interface Followers {
  /**
   * @returns leave
   * @throws AppError `overloaded`
   */
  enter(caller: string): () => void;
}

export function createFollowers(most: { inAll: number; ofCaller: number } = MOST): Followers {
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
        throw new AppError('overloaded', `Too many logs are followed ${whose} at the moment.`, {
          retryAfterSeconds: 10,
        });
      }
      count(caller, 1);
      return () => count(caller, -1);
    },
  };
}
