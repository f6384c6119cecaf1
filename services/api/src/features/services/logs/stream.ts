import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { LogWish } from '@wakefield/contracts';
import type { KnownLog, ServiceWithJobs } from '@wakefield/control';
import { isAppError, isOver, type Job } from '@wakefield/domain';
import type { Response } from 'express';
import type { ApiDeps } from '../../../deps.ts';
import { type LookUpDeps, lookUp } from '../look-up.ts';
import { jobOfLog, type LogDeps } from './current.ts';
import {
  endEvent,
  heartbeat,
  logEvent,
  noticeEvent,
  type Position,
  positionText,
  retryEvent,
} from './events.ts';
import { lastPart, passable } from './part.ts';

export type StreamDeps = LogDeps & LookUpDeps & Pick<ApiDeps, 'ending' | 'followMs' | 'logger'>;

/** Between two looks at the board. A scheduler reads each second at most. */
const LOOK_MS = 500;
const HEARTBEAT_MS = 15_000;
/** How old what is known of the service may be, while its log does not grow. */
const SERVICE_MS = 2_000;
/** Bytes of log in one event at most. */
const EVENT_BYTES = 64 << 10;

/** Where to begin: behind the event that arrived last, else with the last lines. */
export interface Beginning extends Pick<LogWish, 'lines' | 'bytes'> {
  readonly last: Position | null;
}

/** Whether somebody who has heard all up to there will never hear more. */
export async function isAllTold(
  { logBoard }: LogDeps,
  { service, jobs }: ServiceWithJobs,
  last: Position | null,
): Promise<boolean> {
  const job = jobOfLog(jobs);
  if (last === null || job === null || !isOver(service.state) || last.seq !== job.seq) return false;
  const known = await logBoard.read(job.id, last.offset, 0);
  return known !== null && isFinal(known) && last.offset === known.to;
}

/**
 * Writes the log of a service as it grows, until the service is over, the client leaves, the process ends or `followMs` are
 * over.
 */
export async function followLog(
  deps: StreamDeps,
  res: Response,
  found: ServiceWithJobs,
  beginning: Beginning,
): Promise<void> {
  const left = new AbortController();
  res.once('close', () => left.abort());
  if (res.closed) left.abort();
  const off = AbortSignal.any([left.signal, deps.ending, AbortSignal.timeout(deps.followMs)]);
  const stream = new LogStream(deps, res, found, beginning);
  try {
    await stream.write(retryEvent, off);
    while (!(await stream.look(off))) await wait(LOOK_MS, undefined, { signal: off });
  } catch (error) {
    // Whoever comes again goes on where this one ended.
    if (!off.aborted) throw error;
  }
  res.end();
}

function isFinal({ isOver: over, failure }: KnownLog): boolean {
  return over && failure === null;
}

class LogStream {
  readonly #deps: StreamDeps;
  readonly #res: Response;
  readonly #beginning: Beginning;
  #found: ServiceWithJobs;
  #foundAt = performance.now();
  #wroteAt = performance.now();
  #job: Job | null;
  /** null: nothing was told of this job; the last lines come first. */
  #offset: number | null = null;
  #failure: string | null = null;

  constructor(deps: StreamDeps, res: Response, found: ServiceWithJobs, beginning: Beginning) {
    this.#deps = deps;
    this.#res = res;
    this.#found = found;
    this.#beginning = beginning;
    this.#job = jobOfLog(found.jobs);
    const { last } = beginning;
    if (last !== null && this.#job !== null)
      this.#offset = last.seq === this.#job.seq ? last.offset : 0;
  }

  /** Tells what is new. @returns whether that was the last of it */
  async look(off: AbortSignal): Promise<boolean> {
    const isDone = await this.#tellNew(off).catch(async (error: unknown) => {
      if (!isAppError(error) || off.aborted) throw error;
      // A store is away. It comes back, and then this goes on.
      this.#deps.logger.warn({ err: error }, 'log not followed for a moment');
      await this.#tellFailure(error.message, off);
      return false;
    });
    if (!isDone && performance.now() - this.#wroteAt >= HEARTBEAT_MS)
      await this.write(heartbeat, off);
    return isDone;
  }

  async #tellNew(off: AbortSignal): Promise<boolean> {
    const known = this.#job === null ? null : await this.#read(this.#job, off);
    if (known !== null && !isFinal(known)) return false;
    if (performance.now() - this.#foundAt >= SERVICE_MS || isOver(this.#found.service.state))
      return await this.#tellService(known, off);
    return false;
  }

  /** All that is known, page by page. @returns how it stands then; null: nothing is known yet */
  async #read(job: Job, off: AbortSignal): Promise<KnownLog | null> {
    const { logBoard, nudges } = this.#deps;
    for (;;) {
      const bytes = this.#offset === null ? this.#beginning.bytes : EVENT_BYTES;
      const known = await logBoard.read(job.id, this.#offset, bytes);
      if (known === null || !known.isFresh) await nudges.log(job.id);
      if (known !== null) await this.#tellFailure(known.failure, off);
      if (known === null || known.source !== 'job') return known;
      const moved = await this.#tell(job, known, off);
      if (!moved || this.#offset === known.to) return known;
    }
  }

  /** @returns whether there may be more right behind it */
  async #tell(job: Job, known: KnownLog, off: AbortSignal): Promise<boolean> {
    const { at, bytes } = known;
    if (this.#offset === null) {
      const part = lastPart(known, this.#beginning);
      this.#offset = part.from;
      for (let from = 0; from < part.bytes.length; ) {
        const page = part.bytes.subarray(from, from + EVENT_BYTES);
        const isLast = from + page.length === part.bytes.length;
        const count = passable(page, isLast && isFinal(known), isLast ? EVENT_BYTES + 1 : 1);
        if (count === 0) break;
        await this.#tellBytes(job, page.subarray(0, count), off);
        from += count;
      }
      return false;
    }
    if (at !== this.#offset) {
      const lost =
        at > this.#offset ? `${at - this.#offset} bytes are lost.` : 'The log began anew.';
      await this.write(noticeEvent(lost), off);
      this.#offset = at;
    }
    const isEnd = isFinal(known) && at + bytes.length === known.to;
    const count = passable(bytes, isEnd, EVENT_BYTES);
    if (count > 0) await this.#tellBytes(job, bytes.subarray(0, count), off);
    return count > 0;
  }

  async #tellBytes({ seq }: Job, bytes: Buffer, off: AbortSignal): Promise<void> {
    const offset = (this.#offset ?? 0) + bytes.length;
    await this.write(logEvent(bytes, positionText({ seq, offset })), off);
    this.#offset = offset;
  }

  /** Once for each that comes, and once when it is over. */
  async #tellFailure(failure: string | null, off: AbortSignal): Promise<void> {
    if (failure === this.#failure) return;
    this.#failure = failure;
    await this.write(noticeEvent(failure ?? 'The log is read again.'), off);
  }

  /** Of a job that is over: whether another one follows, or that was all. */
  async #tellService(known: KnownLog | null, off: AbortSignal): Promise<boolean> {
    const { id, project } = this.#found.service;
    const [found] = await lookUp(this.#deps, id, [project], null);
    this.#foundAt = performance.now();
    if (found !== undefined) this.#found = found;
    const job = jobOfLog(this.#found.jobs);
    if (job !== null && job.id !== this.#job?.id) {
      if (this.#job !== null)
        await this.write(
          noticeEvent(`The next job goes on: ${job.clusterJobId ?? job.name}.`),
          off,
        );
      this.#offset = this.#job === null ? null : 0;
      this.#job = job;
      return false;
    }
    const isAll = this.#job === null || known !== null;
    const isGone = found === undefined;
    if (!isGone && (!isOver(this.#found.service.state) || !isAll)) return false;
    if (known?.source === 'batch') await this.write(logEvent(known.bytes, null), off);
    const { state, reason } = this.#found.service;
    const seq = this.#job?.seq;
    const end = seq === undefined ? null : positionText({ seq, offset: known?.to ?? 0 });
    await this.write(endEvent(state, reason, end), off);
    return true;
  }

  /** Waits where the client does not keep up. */
  async write(text: string, off: AbortSignal): Promise<void> {
    off.throwIfAborted();
    this.#wroteAt = performance.now();
    if (this.#res.write(text)) return;
    await once(this.#res, 'drain', { signal: off });
  }
}
