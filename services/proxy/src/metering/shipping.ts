import { type FileHandle, open } from 'node:fs/promises';
import { UnfitRecordsError, type UsageStore } from '@wakefield/control';
import type { UsageRecord } from '@wakefield/domain';
import { frameAt } from './frames.ts';
import { type Begun, parseLine } from './lines.ts';
import { onFile, type Segment } from './segment.ts';

/** Records in one statement: a millisecond of work in the thread that serves everybody. */
const atOnce = 200;

/** Where what was read goes, and what is told of it. */
export interface Destination {
  readonly store: Pick<UsageStore, 'add'>;
  /** So many more of it need not be read again. */
  shipped(segment: Segment, records: number): void;
  /** The database will never take it. */
  unfit(record: UsageRecord, error: unknown): void;
  /** Bytes that are no frames of ours, and lines that are none. */
  damaged(path: string, bytes: number): void;
  /** What is under way, in the order in which it was written. */
  begun(begun: Begun): void;
  ended(id: string): void;
}

/**
 * Reads a segment from where it was left, and adds its records to the database. What is added was committed before it
 * counts as shipped; whoever is ended in between begins there again, and adds nothing twice.
 * @throws SpoolFileError where it cannot be read, and what the store throws while it is away
 */
export async function shipSegment(segment: Segment, to: Destination): Promise<void> {
  const { path, shipped: from, written } = segment;
  const bytes = await onFile(path, () => readRange(path, from, written));
  let records: UsageRecord[] = [];
  let at = 0;
  for (let found = frameAt(bytes, at); found !== null; found = frameAt(bytes, at)) {
    if (found.kind === 'whole') records.push(...recordsOf(found.lines, path, to));
    else to.damaged(path, found.next - at);
    at = found.next;
    if (records.length < atOnce) continue;
    await ship(records, to);
    to.shipped(segment, records.length);
    records = [];
    segment.shipped = from + at;
  }
  await ship(records, to);
  to.shipped(segment, records.length);
  segment.shipped = written;
}

/** In portions that the database takes in one statement. @throws what the store throws while it is away */
export async function ship(records: readonly UsageRecord[], to: Destination): Promise<void> {
  for (let at = 0; at < records.length; at += atOnce) {
    await shipPortion(records.slice(at, at + atOnce), to);
  }
}

/** One that does not fit would keep all others waiting for ever: it is looked for, by halves, and left out. */
async function shipPortion(records: readonly UsageRecord[], to: Destination): Promise<void> {
  try {
    await to.store.add(records);
  } catch (error) {
    const [only] = records;
    if (!(error instanceof UnfitRecordsError) || only === undefined) throw error;
    if (records.length === 1) {
      to.unfit(only, error);
      return;
    }
    const middle = Math.ceil(records.length / 2);
    await shipPortion(records.slice(0, middle), to);
    await shipPortion(records.slice(middle), to);
  }
}

function recordsOf(lines: string, path: string, to: Destination): readonly UsageRecord[] {
  const records: UsageRecord[] = [];
  for (const line of lines.split('\n')) {
    if (line === '') continue;
    const said = parseLine(line);
    if (said === null) to.damaged(path, line.length);
    else if (said.kind === 'begun') to.begun(said.begun);
    else {
      to.ended(said.record.id);
      records.push(said.record);
    }
  }
  return records;
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    return await readAll(file, from, Buffer.allocUnsafe(Math.max(0, to - from)));
  } finally {
    await file.close();
  }
}

/** Less where the file has become shorter. */
async function readAll(file: FileHandle, from: number, into: Buffer): Promise<Buffer> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, from + done);
    if (bytesRead === 0) return into.subarray(0, done);
    done += bytesRead;
  }
  return into;
}
