import { percentile } from '../../bench/percentile.ts';
import { blame, type ServedBy, type Strike } from '../faults/blame.ts';
import type { Books } from '../faults/books.ts';
import type { RequestRecord } from '../requests/ask.ts';
import { littleHeld } from './growth.ts';
import { type Sample, warmSamples } from './process-watch.ts';

export interface SoakResult {
  readonly minutes: number;
  /** Requests a second. */
  readonly rate: number;
  readonly records: readonly RequestRecord[];
  /** By how much each was sent later than it was due, milliseconds. */
  readonly lateMs: readonly number[];
  readonly strikes: readonly Strike[];
  /** What the proxies wrote down of those that failed. */
  readonly servedBy: ServedBy;
  /** The same plain requests, straight to the engines: milliseconds to the first byte. */
  readonly directMs: readonly number[];
  readonly handovers: number;
  /** Jobs that were intended, and submissions that the controller took. */
  readonly intents: number;
  readonly taken: number;
  /** What is written down beside what there is, after the last answer. */
  readonly books: Books;
  /** What there is at the end that was not there at the beginning. */
  readonly left: readonly string[];
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

/** Requests that failed through nobody's fault but ours. */
export function ourFailures({ records, strikes, servedBy }: SoakResult): readonly RequestRecord[] {
  return records.filter((record) => !record.whole && blame(record, strikes, servedBy) === null);
}

/** The run for people. */
export function markdownOf(result: SoakResult): string {
  const { records, strikes, servedBy, directMs, lateMs, minutes } = result;
  const failed = records.filter(({ whole }) => !whole);
  const causes = Map.groupBy(failed, (record) => blame(record, strikes, servedBy) ?? 'by us');
  const through = records
    .filter(({ way, whole }) => way === 'plain' && whole)
    .map(({ answeredAt, dueAt }) => (answeredAt ?? dueAt) - dueAt);
  const engine = percentile(directMs, 0.5);
  const late = percentile(lateMs, 0.5);
  const added = (share: number) => ms(percentile(through, share) - engine - late);
  const rows: readonly (readonly [string, string])[] = [
    ['minutes', String(minutes)],
    ['requests', String(records.length)],
    ['of these streams', String(records.filter(({ way }) => way === 'stream').length)],
    [`of these ${longMs / 1_000} s long and more`, String(records.filter(isLong).length)],
    ['handovers', String(result.handovers)],
    ['jobs intended / taken by SLURM', `${result.intents} / ${result.taken}`],
    ['faults', strikes.map(({ plug, kind }) => `${plug} ${kind}`).join(', ') || 'none'],
    ...[...causes].map(([cause, list]) => [`failed: ${cause}`, String(list.length)] as const),
    ['failed by us', String(ourFailures(result).length)],
    ['added latency p50 / p99 / p99.9', `${added(0.5)} / ${added(0.99)} / ${added(0.999)}`],
    ['the engine alone, p50', ms(engine)],
    ['sent late by the load itself, p50 / p99', `${ms(late)} / ${ms(percentile(lateMs, 0.99))}`],
  ];
  return [
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    '| process | MiB held, lower quartile of the first → last third | most | MiB resident, most | descriptors, likewise | most |',
    '| --- | --- | ---: | ---: | --- | ---: |',
    ...[...result.samples].flatMap(([name, samples]) => processRow(name, samples)),
    '',
  ].join('\n');
}

const longMs = 5_000;

/** From its first token to its last. */
function isLong({ way, answeredAt, endedAt }: RequestRecord): boolean {
  return way === 'stream' && answeredAt !== null && endedAt - answeredAt > longMs * 0.95;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** Only those that lived long enough to tell. */
function processRow(name: string, samples: readonly Sample[]): readonly string[] {
  const warm = samples.slice(warmSamples);
  if (warm.length < warmSamples) return [];
  const all = (figure: 'heldMiB' | 'residentMiB' | 'descriptors') =>
    warm.map((sample) => Math.round(sample[figure]));
  const little = (values: readonly number[]) => {
    const { first, last } = littleHeld(values);
    return `${first} → ${last}`;
  };
  const cells = [
    little(all('heldMiB')),
    Math.max(...all('heldMiB')),
    Math.max(...all('residentMiB')),
    little(all('descriptors')),
    Math.max(...all('descriptors')),
  ];
  return [`| ${[name, ...cells].join(' | ')} |`];
}
