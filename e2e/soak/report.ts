import type { Books } from '../faults/books.ts';
import { blame, type Strike } from './blame.ts';
import type { Sample } from './process-watch.ts';
import type { Outcome } from './traffic.ts';

export interface SoakResult {
  readonly minutes: number;
  /** Requests a second. */
  readonly rate: number;
  readonly outcomes: readonly Outcome[];
  readonly strikes: readonly Strike[];
  readonly directMs: readonly number[];
  readonly handovers: number;
  /** Jobs that were intended, and those that the controller took. */
  readonly intents: number;
  readonly submitted: number;
  /** What is written down beside what there is, after the last answer. */
  readonly books: Books;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

/** Requests that failed through nobody's fault but ours. */
export function ourFailures({ outcomes, strikes }: SoakResult): readonly Outcome[] {
  return outcomes.filter((outcome) => outcome.error !== null && blame(outcome, strikes) === 'us');
}

/** The run for people. */
export function markdownOf(result: SoakResult): string {
  const { outcomes, strikes, directMs, minutes } = result;
  const failed = outcomes.filter(({ error }) => error !== null);
  const causes = Map.groupBy(failed, (outcome) => blame(outcome, strikes));
  const plain = outcomes.filter(({ stream, error }) => !stream && error === null);
  const through = plain.map(({ firstByteMs }) => firstByteMs ?? 0);
  const engine = quantile(directMs, 0.5);
  const added = (share: number) => `${(quantile(through, share) - engine).toFixed(1)} ms`;
  const rows: readonly (readonly [string, string])[] = [
    ['minutes', String(minutes)],
    ['requests', String(outcomes.length)],
    ['of these streams', String(outcomes.filter(({ stream }) => stream).length)],
    ['handovers', String(result.handovers)],
    ['jobs intended / taken by SLURM', `${result.intents} / ${result.submitted}`],
    ['faults', strikes.map(({ plug, kind }) => `${plug} ${kind}`).join(', ') || 'none'],
    ...[...causes].map(([cause, list]) => [`failed: ${cause}`, String(list.length)] as const),
    ['failed by us', String(ourFailures(result).length)],
    ['added latency p50 / p99 / p99.9', `${added(0.5)} / ${added(0.99)} / ${added(0.999)}`],
    ['the engine alone, p50', `${engine.toFixed(1)} ms`],
  ];
  return [
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    '| process | MiB after warm-up → end | most | descriptors after warm-up → end | most |',
    '| --- | --- | ---: | --- | ---: |',
    ...[...result.samples].flatMap(([name, samples]) => processRow(name, samples)),
    '',
  ].join('\n');
}

/** Only those that lived long enough to tell. */
function processRow(name: string, samples: readonly Sample[]): readonly string[] {
  const warm = samples[Math.min(6, samples.length - 1)];
  const last = samples.at(-1);
  if (warm === undefined || last === undefined || last.at - warm.at < 60_000) return [];
  const most = (of: (sample: Sample) => number) => Math.round(Math.max(...samples.map(of)));
  const memory = `${Math.round(warm.residentMiB)} → ${Math.round(last.residentMiB)}`;
  const files = `${warm.descriptors} → ${last.descriptors}`;
  return [
    `| ${name} | ${memory} | ${most((sample) => sample.residentMiB)} | ${files} | ${most((sample) => sample.descriptors)} |`,
  ];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
