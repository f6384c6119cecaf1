import { wordsOfBooks } from '../faults/judge.ts';
import { littleHeld } from './growth.ts';
import { type Sample, warmSamples } from './process-watch.ts';
import { ourFailures, type SoakResult } from './report.ts';

/** A model whose jobs live for a minute hands over more than once in two; all six together this often. */
const handoversPerMinute = 3;
/** An open load that is not sent is none. */
const leastShareSent = 0.95;
/** By how much a process may grow from the first third of a run to the last. */
const mostMiB = (first: number) => 16 + 0.1 * first;

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

/**
 * Of those that lived long enough to tell. Memory alone: which proxy has how many of the connections is the kernel's
 * choice, and another one after each death; what is open too long is left at the end.
 */
function growth(name: string, samples: readonly Sample[]): readonly string[] {
  if (samples.length < warmSamples) return [];
  const { first, last } = littleHeld(samples.map(({ heldMiB }) => heldMiB));
  if (last - first <= mostMiB(first)) return [];
  return [`${name} grew from ${Math.round(first)} to ${Math.round(last)} MiB`];
}
