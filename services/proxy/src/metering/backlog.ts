import { rm, unlink } from 'node:fs/promises';
import { type Begun, lostRecord } from './lines.ts';
import { leftSegments, onFile, type Segment } from './segment.ts';
import { type Destination, ship, shipSegment } from './shipping.ts';

/** What a dead process has left: its records, and requests whose end it did not live to see. */
export class Backlog {
  readonly directory: string;
  readonly #segments: Segment[];
  /** Never more than it had under way: the end of a request is written after its beginning. */
  readonly #underWay = new Map<string, Begun>();

  constructor(directory: string) {
    this.directory = directory;
    this.#segments = leftSegments(directory);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { written }) => sum + written, 0);
  }

  get waitingSince(): number | null {
    return this.#segments[0]?.waitingSince ?? null;
  }

  /**
   * Until nothing is left of it. To be called again after what it throws.
   * @throws SpoolFileError where a file cannot be read or removed, and what the store throws while it is away
   */
  async ship(to: Omit<Destination, 'begun' | 'ended'>): Promise<void> {
    const destination: Destination = {
      ...to,
      begun: (begun) => this.#underWay.set(begun.id, begun),
      ended: (id) => this.#underWay.delete(id),
    };
    for (let segment = this.#segments[0]; segment !== undefined; segment = this.#segments[0]) {
      await shipSegment(segment, destination);
      // Requests that were under way at its end are in the next one, too: whoever goes on from there finds them.
      const { path } = segment;
      if (this.#segments.length > 1) await onFile(path, () => unlink(path));
      else await ship([...this.#underWay.values()].map(lostRecord), destination);
      this.#segments.shift();
    }
    const { directory } = this;
    await onFile(directory, () => rm(directory, { recursive: true, force: true }));
  }
}
