import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Attempts to log in that this process has let through lately. */
export interface LoginAttempts {
  /**
   * Counts one attempt.
   * @param address who tries, as the proxy in front saw it
   * @returns 0 when it may be looked at, else whole seconds until the next one may
   */
  begin(address: string): Promise<number>;
  /** It was the right key: nothing is held against this address any more. */
  succeeded(address: string): Promise<void>;
}

export interface LoginAttemptsOptions {
  /** Attempts within the window. */
  readonly perAddress: number;
  /** Over all addresses: those that take turns in many have a limit, too, and so has what is remembered of them. */
  readonly inAll: number;
  readonly windowSeconds: number;
}

/** In memory, of this process alone: a key cannot be guessed by hand anyway, this keeps machines from trying. */
export function createLoginAttempts(options: LoginAttemptsOptions): LoginAttempts {
  const limiter = (points: number) =>
    new RateLimiterMemory({ points, duration: options.windowSeconds });
  const own = limiter(options.perAddress);
  const all = limiter(options.inAll);
  return {
    async begin(address) {
      // An address that is refused by itself takes nothing from the others.
      return (await waitOf(own, address)) || (await waitOf(all, everybody));
    },
    async succeeded(address) {
      await all.reward(everybody);
      await own.delete(address);
    },
  };
}

const everybody = 'all';

async function waitOf(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key);
    return 0;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}
