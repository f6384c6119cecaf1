import type { UsageStore } from '@wakefield/control';
import type { DurationMs, EpochMs } from '@wakefield/domain';
import { type Logger, within } from '@wakefield/runtime';
import { Backlog } from './backlog.ts';
import { Complaints, type DropReason } from './complaints.ts';
import type { UsageMeter } from './meter.ts';
import { Patience } from './patience.ts';
import { type Segment, SpoolFileError } from './segment.ts';
import { NotWrittenError, SegmentWriter } from './segment-writer.ts';
import { type Destination, shipSegment } from './shipping.ts';
import { openHome, type SpoolHome } from './spool-home.ts';
import { TurnWriter } from './turn-writer.ts';
import { UnreadFiles } from './unread-files.ts';

export interface SpoolOptions {
  /** Shared with other processes on this machine. */
  readonly root: string;
  /** Of what this process has written and not shipped. */
  readonly maxBytes: number;
  readonly store: Pick<UsageStore, 'add'>;
  readonly logger: Logger;
  /** So many records will never be counted. */
  readonly dropped: (reason: DropReason, records: number) => void;
  /** One more file was set aside because it cannot be read. */
  readonly setAside: () => void;
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
  readonly #unread: UnreadFiles;
  readonly #own: Destination;
  readonly #drop: (reason: DropReason, records: number, cause: unknown) => void;
  #home: SpoolHome | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt: DurationMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> = Promise.resolve();
  #busy = false;
  #isWell = true;
  readonly #withOwn: Patience;
  readonly #withLeft: Patience;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#pace = { ...usualPace, ...options.pace };
    const { root, logger, store, dropped, setAside } = options;
    this.#withOwn = new Patience(this.#pace.pausesMs);
    this.#withLeft = new Patience(this.#pace.pausesMs);
    this.#unread = new UnreadFiles({ root, logger, setAside });
    const complaints = new Complaints(logger);
    this.#drop = (reason, records, cause) => {
      dropped(reason, records);
      complaints.dropped(reason, records, cause);
    };
    this.meter = new TurnWriter(this.#drop);
    this.#own = {
      store,
      shipped: (segment, records) => {
        segment.records -= records;
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
      this.#withOwn.hurry();
      await this.#ship();
    }).catch(() => undefined);
    const clean = this.meter.underWay === 0 && this.#isShipped();
    this.meter.writer?.close();
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
      this.#unread.lookAgain();
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

  /** What dead processes have left keeps nobody from counting what is: each waits for its own failures. */
  async #ship(): Promise<void> {
    await this.#trying(this.#withOwn, () => this.#shipOwn());
    await this.#trying(this.#withLeft, () => this.#shipLeft());
  }

  async #trying(patience: Patience, work: () => Promise<void>): Promise<void> {
    if (!patience.isDue) return;
    const { logger } = this.#options;
    try {
      await work();
      if (patience.worked()) logger.info('usage is shipped again');
    } catch (err) {
      if (patience.failed()) logger.warn({ err }, 'usage not shipped; it is kept in the spool');
    }
  }

  async #shipOwn(): Promise<void> {
    const { writer } = this.meter;
    for (const segment of [...(writer?.segments ?? [])]) {
      // Its files are gone: what is left of the list is, too.
      if (this.meter.writer !== writer) return;
      if (this.#unread.rests(segment.path)) continue;
      try {
        await this.#shipSegment(segment);
      } catch (error) {
        if (!(error instanceof SpoolFileError)) throw error;
        this.#unreadable(segment, error);
      }
    }
  }

  #unreadable(segment: Segment, error: SpoolFileError): void {
    if (error.isMissing) this.#moveOut(error);
    else if (this.#unread.failed(error)) this.#giveUp(segment, error);
  }

  async #shipSegment(segment: Segment): Promise<void> {
    if (segment.shipped < segment.written) await shipSegment(segment, this.#own);
    const isShipped = segment.closed && segment.shipped === segment.written;
    if (isShipped) this.meter.writer?.remove(segment);
  }

  /** It was set aside, and what is in it is not counted. */
  #giveUp(segment: Segment, error: SpoolFileError): void {
    try {
      this.meter.writer?.giveUp(segment);
    } catch (thrown) {
      // There is no room to go on elsewhere: what was opened is written to, and found missing.
      if (!(thrown instanceof NotWrittenError)) throw thrown;
      return;
    }
    if (segment.records > 0) this.#drop('disk', segment.records, error);
  }

  /** Somebody has deleted our files: what is written to them reaches nobody. */
  #moveOut(err: SpoolFileError): void {
    const { logger } = this.#options;
    logger.error({ err, path: err.path }, 'usage spool is gone; it goes on in another place');
    const { waiting, writer } = this.meter;
    if (waiting > 0) this.#drop('disk', waiting, err);
    writer?.close();
    this.meter.writer = null;
    void this.#home?.leave(false).catch(() => undefined);
    this.#home = null;
  }

  async #shipLeft(): Promise<void> {
    const shipping = {
      to: { ...this.#own, shipped: () => undefined },
      unread: this.#unread,
      between: () => this.#trying(this.#withOwn, () => this.#shipOwn()),
    };
    for (const left of [...this.#backlogs]) {
      if (this.#unread.rests(left.directory)) continue;
      if (await left.ship(shipping)) this.#backlogs.splice(this.#backlogs.indexOf(left), 1);
    }
  }
}
