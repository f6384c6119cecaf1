import { rm, stat, unlink } from 'node:fs/promises';
import { type Begun, lostRecord } from './lines.ts';
import { leftSegments, onFile, type Segment, SpoolFileError, unsized } from './segment.ts';
import { type Destination, ship, shipSegment } from './shipping.ts';
import type { UnreadFiles } from './unread-files.ts';

/** Of what a backlog is shipped to and by. */
export interface BacklogShipping {
  readonly to: Omit<Destination, 'begun' | 'ended'>;
  readonly unread: UnreadFiles;
  /** Called after each file: what others have to do does not wait for all of them. */
  readonly between: () => Promise<void>;
}

/** What a dead process has left: its records, and requests whose end it did not live to see. */
export class Backlog {
  readonly directory: string;
  #segments: readonly Segment[];
  /** Never more than it had under way: the end of a request is written after its beginning. */
  readonly #underWay = new Map<string, Begun>();

  constructor(directory: string) {
    this.directory = directory;
    this.#segments = leftSegments(directory);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { written }) => sum + Math.max(0, written), 0);
  }

  get waitingSince(): number | null {
    return this.#segments[0]?.waitingSince ?? null;
  }

  /**
   * Ships what can be read. To be called again after what it throws, and after the next look where something rests.
   * @returns whether nothing is left of it
   * @throws what the store throws while it is away
   */
  async ship({ to, unread, between }: BacklogShipping): Promise<boolean> {
    const destination: Destination = {
      ...to,
      begun: (begun) => this.#underWay.set(begun.id, begun),
      ended: (id) => this.#underWay.delete(id),
    };
    for (const segment of this.#segments) {
      if (unread.rests(segment.path)) continue;
      const isGone = await outOfTheWay(unread, () => this.#shipOne(segment, destination));
      if (isGone) this.#segments = this.#segments.filter((one) => one !== segment);
      await between();
    }
    // What ended in a file that could not be read yet has not been lost.
    if (this.#segments.some(isToBeRead)) return false;
    await ship([...this.#underWay.values()].map(lostRecord), destination);
    const { directory } = this;
    return await outOfTheWay(unread, async () => {
      await onFile(directory, () => rm(directory, { recursive: true, force: true }));
      return true;
    });
  }

  /** @returns whether its file is gone */
  async #shipOne(segment: Segment, to: Destination): Promise<boolean> {
    const { path } = segment;
    if (segment.written === unsized)
      segment.written = await onFile(path, async () => (await stat(path)).size);
    if (isToBeRead(segment)) await shipSegment(segment, to);
    // Requests that were under way at its end are in the next one, too: whoever goes on from there finds them.
    if (segment === this.#segments.at(-1)) return false;
    await onFile(path, () => unlink(path));
    return true;
  }
}

function isToBeRead({ written, shipped }: Segment): boolean {
  return written === unsized || shipped < written;
}

async function outOfTheWay(unread: UnreadFiles, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SpoolFileError)) throw error;
    return unread.failed(error);
  }
}
