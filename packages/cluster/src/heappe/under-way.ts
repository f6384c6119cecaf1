import { randomUUID } from 'node:crypto';
import type { EpochMs } from '@wakefield/domain';
import { taskFileTypes } from './api/files.ts';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { createdAt } from './cluster-job.ts';
import { HeappeError } from './failures.ts';
import type { Listing } from './listing.ts';

/** How long HEAppE may go on with a CreateJob that nobody waits for any more: an attempt over ssh takes 30 s there. */
const CREATING_MS = 45_000;

/**
 * What is known of submissions of a job that is only created.
 * - `none`      it has not been submitted
 * - `going_on`  somebody may be submitting it
 * - `in_doubt`  it may have been given to the batch system, and HEAppE does not know
 */
export type Attempt = 'none' | 'going_on' | 'in_doubt';

/**
 * Whether somebody may be submitting a job that is only created. HEAppE goes on with a SubmitJob that nobody waits for any
 * more, looks at the job's state when it begins and writes it when it is done: a second one meanwhile would give the job
 * to the cluster twice. So each leaves a mark in the job's directory before, for those who come after it.
 */
export interface UnderWay {
  /** What HEAppE lists now. All that is remembered of others is forgotten. */
  retain(listing: Listing): void;
  /** By this process: nobody else knew of it. */
  made(id: number): void;
  /** The text of a mark, to be put into the job's directory right before `sent`. */
  mark(id: number): string;
  sent(id: number): void;
  /** It did not arrive. */
  unsent(id: number): void;
  /** Nobody is at it any more, whatever came of it. */
  answered(id: number): void;
  /** Reads the mark where that is needed. @throws HeappeError, when it is given up */
  attempt(client: Pick<HeappeClient, 'files'>, job: JobInfo, signal: AbortSignal): Promise<Attempt>;
  /** Whether it has only been created for longer than a submission takes. */
  isLeft(id: number): boolean;
}

interface Known {
  readonly seenAt: number;
  made: boolean;
  /** The last mark of this process, and whether that submission is over. */
  mark: Mark | null;
}

interface Mark {
  readonly text: string;
  sentAt: number | null;
  answered: boolean;
}

/**
 * @param submitMs for how long a SubmitJob is waited for; HEAppE may go on for as long again
 * @param elapsed a clock that only goes forward, in milliseconds
 */
export function createUnderWay(
  submitMs: number,
  now: () => EpochMs,
  elapsed: () => number,
): UnderWay {
  const longest = 2 * submitMs;
  const known = new Map<number, Known>();
  const of = (id: number): Known => {
    const there = known.get(id) ?? { seenAt: elapsed(), made: false, mark: null };
    known.set(id, there);
    return there;
  };
  const isRecent = (at: number) => elapsed() - at < longest;
  const isOut = ({ sentAt, answered }: Mark) => sentAt !== null && !answered && isRecent(sentAt);

  return {
    retain(listing) {
      const listed = new Map([...listing.values()].flat().map((job) => [job.Id, job]));
      for (const [id, { seenAt }] of known) {
        const job = listed.get(id);
        // A list may be older than what this process has made since.
        if (job === undefined ? !isRecent(seenAt) : !isCreated(job)) known.delete(id);
      }
      for (const job of listed.values()) if (isCreated(job)) of(job.Id);
    },
    made(id) {
      of(id).made = true;
    },
    mark(id) {
      const text = `wakefield: submitted at ${now()} by ${randomUUID()}`;
      of(id).mark = { text, sentAt: null, answered: false };
      return `${text}\n`;
    },
    sent(id) {
      const { mark } = of(id);
      if (mark !== null) mark.sentAt = elapsed();
    },
    unsent(id) {
      const { mark } = of(id);
      if (mark !== null) mark.sentAt = null;
    },
    answered(id) {
      const { mark } = of(id);
      if (mark !== null) mark.answered = true;
    },
    async attempt(client, job, signal) {
      const { made, mark, seenAt } = of(job.Id);
      if (mark !== null && isOut(mark)) return 'going_on';
      const told = await readMark(client, job, signal);
      if (told === 'unreadable') return after(isRecent(seenAt), 'in_doubt');
      if (told === null) return after(!made && now() - createdAt(job) < CREATING_MS, 'none');
      if (told.text === mark?.text) return mark.sentAt === null ? 'none' : 'in_doubt';
      // Clocks of schedulers may differ, in both directions.
      return after(Math.abs(now() - told.at) < longest, 'in_doubt');
    },
    isLeft(id) {
      const { mark, seenAt } = of(id);
      return !isRecent(Math.max(seenAt, mark?.sentAt ?? 0));
    },
  };
}

const after = (isGoingOn: boolean, otherwise: Attempt): Attempt =>
  isGoingOn ? 'going_on' : otherwise;

function isCreated({ State }: JobInfo): boolean {
  return State === heappeStates.configuring;
}

const form = /^wakefield: submitted at (\d{1,15}) by [\w-]+$/;

/** null: there is none. */
async function readMark(
  client: Pick<HeappeClient, 'files'>,
  { Id, Tasks: [task] }: JobInfo,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly at: EpochMs } | null | 'unreadable'> {
  if (task === undefined) return null;
  try {
    const wanted = [{ taskId: task.Id, type: taskFileTypes.standardError, offset: 0 }];
    const [part] = await client.files.readParts(Id, wanted, signal);
    const text = part?.Content.split('\n').findLast((line) => form.test(line));
    return text === undefined ? null : { text, at: Number(form.exec(text)?.[1]) };
  } catch (error) {
    if (!(error instanceof HeappeError)) throw error;
    if (signal.aborted) throw error;
    return 'unreadable';
  }
}

/** What a job has written, without the mark. */
export function withoutMark(text: string): string {
  return text
    .split('\n')
    .filter((line) => !form.test(line))
    .join('\n');
}
