import type { DurationMs, Endpoint } from '@wakefield/domain';
import { isSamePlace } from '../upstream/place.ts';
import type { Loss } from './attempt.ts';

/** A connection that breaks sooner may have been an idle one that its engine, or a tunnel, was just closing. */
const atWorkMs = 200;
/** An engine that dies over a request may have died of it: one more is asked, not two. */
const maxDeaths = 2;

/**
 * Engines that broke off while they had one request. Of the first it may be in doubt whether it had it; after that
 * the request goes on new connections only, and what breaks is no idle one.
 */
export class Casualties {
  #deaths = 0;
  #last: Endpoint | null = null;
  /** Whether the last one may be well, and only its connection was old. */
  #inDoubt = false;

  /**
   * What a loss says of the engine, so long after the request was sent.
   * @param wasDead whether it had said before it was asked that its core is gone
   * @returns whether it broke off a second time
   */
  heed(loss: Loss, endpoint: Endpoint, afterMs: DurationMs, wasDead: boolean): boolean {
    if (loss === 'broken' || (loss === 'died' && !wasDead)) return this.died(endpoint);
    return loss === 'lost' && this.brokeOff(endpoint, afterMs);
  }

  /**
   * It had the request, and died.
   * @returns whether it was also the one before
   */
  died(endpoint: Endpoint): boolean {
    const again = this.#last !== null && isSameEngine(this.#last, endpoint);
    // It was there to be asked again, so it had not died the first time.
    if (!(again && this.#inDoubt)) this.#deaths += 1;
    this.#last = endpoint;
    this.#inDoubt = false;
    return again;
  }

  /**
   * Its connection broke before an answer, so long after the request was sent.
   * @returns whether it was also the one before
   */
  brokeOff(endpoint: Endpoint, afterMs: DurationMs): boolean {
    const inDoubt = !this.any && afterMs < atWorkMs;
    const again = this.died(endpoint);
    this.#inDoubt = inDoubt;
    return again;
  }

  /** Whether an engine may have died of the request. */
  get any(): boolean {
    return this.#deaths > 0;
  }

  /** Whether no other engine may see it. */
  get tooMany(): boolean {
    return this.#deaths >= maxDeaths;
  }
}

function isSameEngine(a: Endpoint, b: Endpoint): boolean {
  return a.jobId === b.jobId && isSamePlace(a.address, b.address);
}
