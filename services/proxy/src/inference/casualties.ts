import type { DurationMs, JobId } from '@wakefield/domain';

/** A connection that breaks sooner may have been an idle one that its engine, or a tunnel, was just closing. */
const atWorkMs = 200;
/** An engine that dies over a request may have died of it: one more is asked, not two. */
const maxAtWork = 2;
/** Of those that broke off at once. */
const maxAtOnce = 3;

/** Engines that broke off while they had one request. */
export class Casualties {
  /** Whether it had been at work. */
  readonly #jobs = new Map<JobId, boolean>();

  /** @returns false when this job had broken off before */
  add(jobId: JobId, afterMs: DurationMs): boolean {
    const before = this.#jobs.get(jobId);
    this.#jobs.set(jobId, before === true || afterMs >= atWorkMs);
    return before === undefined;
  }

  /** Whether the request may be what they died of. */
  get tooMany(): boolean {
    let atWork = 0;
    for (const wasAtWork of this.#jobs.values()) if (wasAtWork) atWork += 1;
    return atWork >= maxAtWork || this.#jobs.size >= maxAtOnce;
  }
}
