import type { UsageStore } from '@wakefield/control';
import type { DurationMs, EpochMs } from '@wakefield/domain';
import { type Logger, within } from '@wakefield/runtime';
import { Backlog } from './backlog.ts';
import { Complaints, type DropReason } from './complaints.ts';
import type { UsageMeter } from './meter.ts';
import { SpoolFileError } from './segment.ts';
import { SegmentWriter } from './segment-writer.ts';
import { type Destination, shipSegment } from './shipping.ts';
import { openHome, type SpoolHome } from './spool-home.ts';
import { TurnWriter } from './turn-writer.ts';

export interface SpoolOptions {
  /** Shared with other processes on this machine. */
  readonly root: string;
  /** Of what this process has written and not shipped. */
  readonly maxBytes: number;
  readonly store: Pick<UsageStore, 'add'>;
  readonly logger: Logger;
  /** So many records will never be counted. */
  readonly dropped: (reason: DropReason, records: number) => void;
  readonly now: () => EpochMs;
  readonly pace?: Partial<SpoolPace>;
}

export interface SpoolPace {
  /** A segment that has grown to this is followed by another one. */
  readonly segmentBytes: number;
  /** Between two times that what was written is shipped. */
  readonly shipEveryMs: DurationMs;
  /** Between two tries at a store that does not answer: the first pause, the next ones, the longest. */
  readonly pausesMs: readonly DurationMs[];
  /** Between two looks for what dead processes have left. A segment is closed after so long, too. */
  readonly lookEveryMs: DurationMs;
}

const usualPace: SpoolPace = {
  segmentBytes: 4 * 1024 * 1024,
  shipEveryMs: 1000,
  pausesMs: [1000, 2000, 5000, 10_000, 30_000],
  lookEveryMs: 60_000,
};

/** Records of requests on their way to the database: docs/usage.md says what outlives what. */
export interface UsageSpool {
  readonly meter: UsageMeter;
  /** Records of this process that are not in the database; those of dead ones are not counted one by one. */
  readonly waiting: number;
  /** On the disk, of this process and of dead ones that it has taken over. */
  readonly bytes: number;
  /** Since when the oldest of it waits; null: nothing does. */
  readonly waitingSince: EpochMs | null;
  /** Makes a place to write to, and begins to ship. Never fails: what cannot be written is dropped, and told. */
  start(): Promise<void>;
  /** Ships what there is, for so long at most; what is left is for the next process. */
  close(limitMs: DurationMs): Promise<void>;
}

export function createUsageSpool(options: SpoolOptions): UsageSpool {
  return new Spool(options);
}

class Spool implements UsageSpool {
  readonly meter: TurnWriter;
  readonly #options: SpoolOptions;
  readonly #pace: SpoolPace;
  readonly #backlogs: Backlog[] = [];
  /** Of these, those whose files could not be read since the last look. */
  readonly #setAside = new Set<Backlog>();
  readonly #own: Destination;
  readonly #drop: (reason: DropReason, records: number, cause: unknown) => void;
  #home: SpoolHome | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt: DurationMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> = Promise.resolve();
  #busy = false;
  #isWell = true;
  #failures = 0;
  #notBefore: DurationMs = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#pace = { ...usualPace, ...options.pace };
    const { logger, store, dropped } = options;
    const complaints = new Complaints(logger);
    this.#drop = (reason, records, cause) => {
      dropped(reason, records);
      complaints.dropped(reason, records, cause);
    };
    this.meter = new TurnWriter(this.#drop);
    this.#own = {
      store,
      shipped: (records) => {
        this.meter.waiting -= records;
      },
      unfit: (_record, error) => this.#drop('unfit', 1, error),
      damaged: (path, bytes) => logger.error({ path, bytes }, 'usage spool is damaged'),
      begun: () => undefined,
      ended: () => undefined,
    };
  }

  get waiting(): number {
    return this.meter.waiting;
  }

  get bytes(): number {
    const left = this.#backlogs.reduce((sum, { bytes }) => sum + bytes, 0);
    return left + (this.meter.writer?.bytes ?? 0);
  }

  get waitingSince(): EpochMs | null {
    const own = this.meter.writer?.segments.find(({ shipped, written }) => shipped < written);
    const [first] = [own?.waitingSince ?? null, ...this.#backlogs.map((one) => one.waitingSince)]
      .filter((at) => at !== null)
      .sort((a, b) => a - b);
    return first ?? null;
  }

  async start(): Promise<void> {
    process.once('exit', this.meter.flush);
    await this.#look();
    this.#timer = setInterval(() => {
      if (this.#busy) return;
      this.#running = this.#turn();
    }, this.#pace.shipEveryMs);
    this.#timer.unref();
  }

  async close(limitMs: DurationMs): Promise<void> {
    clearInterval(this.#timer);
    process.off('exit', this.meter.flush);
    this.meter.flush();
    await within(limitMs, 'shipping usage', async () => {
      await this.#running;
      this.#notBefore = 0;
      await this.#ship();
    }).catch(() => undefined);
    const clean = this.meter.underWay === 0 && this.#isShipped();
    this.meter.writer = null;
    await this.#home?.leave(clean);
  }

  #isShipped(): boolean {
    return this.meter.writer?.segments.every(({ shipped, written }) => shipped === written) ?? true;
  }

  async #turn(): Promise<void> {
    this.#busy = true;
    try {
      const isTime = performance.now() - this.#lookedAt >= this.#pace.lookEveryMs;
      if (isTime || this.#home === null) await this.#look();
      await this.#ship();
    } finally {
      this.#busy = false;
    }
  }

  /** Sees to a place to write to, and takes over what dead processes have left. */
  async #look(): Promise<void> {
    const { root, logger, now } = this.#options;
    try {
      await this.#leaveIfGone();
      this.#home ??= this.#moveInto(await openHome(root, now));
      this.#lookedAt = performance.now();
      this.#setAside.clear();
      this.meter.rotate();
      for await (const directory of this.#home.claim()) this.#takeUp(directory);
      this.#isWell = true;
    } catch (err) {
      if (this.#isWell) logger.error({ err, root }, 'usage spool cannot be used');
      this.#isWell = false;
    }
  }

  /** Nothing else tells of it where nothing is left to ship: what comes would be dropped for ever. */
  async #leaveIfGone(): Promise<void> {
    try {
      await this.#home?.beat();
    } catch (error) {
      if (!(error instanceof SpoolFileError && error.isMissing)) throw error;
      this.#moveOut(error);
    }
  }

  /** What cannot be taken up now is told again at the next look. */
  #takeUp(directory: string): void {
    if (this.#backlogs.some((one) => one.directory === directory)) return;
    const { logger } = this.#options;
    try {
      this.#backlogs.push(new Backlog(directory));
      logger.warn({ directory }, 'usage of a dead process found');
    } catch (err) {
      logger.error({ err, directory }, 'usage of a dead process cannot be read');
    }
  }

  #moveInto(home: SpoolHome): SpoolHome {
    const { maxBytes, now } = this.#options;
    const { segmentBytes } = this.#pace;
    const { directory } = home;
    const { carried } = this.meter;
    this.meter.writer = new SegmentWriter({ directory, segmentBytes, maxBytes, now, carried });
    return home;
  }

  async #ship(): Promise<void> {
    if (performance.now() < this.#notBefore) return;
    const { logger } = this.#options;
    try {
      await this.#shipOwn();
      await this.#shipLeft();
      if (this.#failures > 0) logger.info('usage is shipped again');
      this.#failures = 0;
    } catch (err) {
      if (this.#failures === 0) logger.warn({ err }, 'usage not shipped; it is kept in the spool');
      const { pausesMs } = this.#pace;
      const pause = pausesMs[Math.min(this.#failures, pausesMs.length - 1)] ?? 0;
      this.#failures += 1;
      this.#notBefore = performance.now() + pause;
    }
  }

  async #shipOwn(): Promise<void> {
    const { writer } = this.meter;
    for (const segment of [...(writer?.segments ?? [])]) {
      try {
        if (segment.shipped < segment.written) await shipSegment(segment, this.#own);
        if (segment.closed && segment.shipped === segment.written) writer?.remove(segment);
      } catch (error) {
        if (!(error instanceof SpoolFileError && error.isMissing)) throw error;
        this.#moveOut(error);
        return;
      }
    }
  }

  /** Somebody has deleted our files: what is written to them reaches nobody. */
  #moveOut(err: SpoolFileError): void {
    const { logger } = this.#options;
    logger.error({ err, path: err.path }, 'usage spool is gone; it goes on in another place');
    if (this.meter.waiting > 0) this.#drop('disk', this.meter.waiting, err);
    this.meter.waiting = 0;
    this.meter.writer = null;
    void this.#home?.leave(false).catch(() => undefined);
    this.#home = null;
  }

  async #shipLeft(): Promise<void> {
    for (const left of [...this.#backlogs]) {
      if (this.#setAside.has(left)) continue;
      try {
        await left.ship({ ...this.#own, shipped: () => undefined });
        this.#forget(left);
      } catch (error) {
        if (!(error instanceof SpoolFileError)) throw error;
        this.#setBack(left, error);
      }
    }
  }

  /** It keeps no other waiting: its turn comes last, after the next look, which finds what is left of a deleted one. */
  #setBack(left: Backlog, error: SpoolFileError): void {
    const { path, cause, isMissing } = error;
    const { directory } = left;
    this.#options.logger.error({ err: cause, path, directory }, 'usage of a dead process not read');
    this.#forget(left);
    if (isMissing) return;
    this.#backlogs.push(left);
    this.#setAside.add(left);
  }

  #forget(left: Backlog): void {
    this.#backlogs.splice(this.#backlogs.indexOf(left), 1);
  }
}
