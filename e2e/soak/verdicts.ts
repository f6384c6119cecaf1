import { wordsOfBooks } from '../faults/judge.ts';
import type { Sample } from './process-watch.ts';
import { ourFailures, type SoakResult } from './report.ts';

/** A model whose jobs live for a minute hands over more than once in two; all six together this often. */
const handoversPerMinute = 3;
/** An open load that is not sent is none. */
const leastShareSent = 0.95;
/** Samples come every ten seconds: what a process needs at first is there by then. */
const warmSamples = 12;
/** By how much a process may grow over a run, by the line through its samples. */
const mostMiB = (first: number) => 24 + 0.15 * first;
const mostDescriptors = 16;

/** What keeps a run from being a good one, in words; empty: nothing does. */
export function verdicts(result: SoakResult): readonly string[] {
  const { minutes, rate, records, handovers, books, left, samples } = result;
  const failures = ourFailures(result).length;
  const due = Math.floor(minutes * 60 * rate * leastShareSent);
  return [
    ...(failures === 0 ? [] : [`${failures} requests failed by us`]),
    ...(records.length >= due ? [] : [`${records.length} requests instead of ${due}`]),
    ...(handovers >= Math.floor(minutes * handoversPerMinute)
      ? []
      : [`${handovers} handovers in ${minutes} minutes`]),
    ...wordsOfBooks(books),
    ...left.map((words) => `left: ${words}`),
    ...[...samples].flatMap(([name, all]) => growth(name, all.slice(warmSamples))),
  ];
}

/** Of those that lived long enough to tell. */
function growth(name: string, samples: readonly Sample[]): readonly string[] {
  if (samples.length < warmSamples) return [];
  const memory = lineThrough(samples.map(({ residentMiB }) => residentMiB));
  const files = lineThrough(samples.map(({ descriptors }) => descriptors));
  const words = ({ first, last }: Line) => `grew from ${Math.round(first)} to ${Math.round(last)}`;
  return [
    ...(memory.last - memory.first > mostMiB(memory.first) ? [`${name} ${words(memory)} MiB`] : []),
    ...(files.last - files.first > mostDescriptors ? [`${name} ${words(files)} descriptors`] : []),
  ];
}

interface Line {
  readonly first: number;
  readonly last: number;
}

/** Least squares over equal steps: its two ends. */
function lineThrough(values: readonly number[]): Line {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const lean = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const slope = spread === 0 ? 0 : lean / spread;
  return { first: mean - slope * middle, last: mean + slope * middle };
}
