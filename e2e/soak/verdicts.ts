import type { Sample } from './process-watch.ts';
import { ourFailures, type SoakResult } from './report.ts';

/** A model whose jobs live for a minute hands over more than once in two; all six together this often. */
const handoversPerMinute = 3;
/** An open load that is not sent is none. */
const leastShareSent = 0.95;
/** Samples come every ten seconds: what a process needs at first is there by then. */
const warmSample = 12;
const memoryGrowth = { share: 1.25, MiB: 40 };
const moreDescriptors = 16;

/** What keeps a run from being a good one, in words; empty: nothing does. */
export function verdicts(result: SoakResult): readonly string[] {
  const { minutes, rate, outcomes, handovers, books } = result;
  const failures = ourFailures(result).length;
  const due = Math.floor(minutes * 60 * rate * leastShareSent);
  return [
    ...(failures === 0 ? [] : [`${failures} requests failed by us`]),
    ...(outcomes.length >= due ? [] : [`${outcomes.length} requests instead of ${due}`]),
    ...(handovers >= Math.floor(minutes * handoversPerMinute)
      ? []
      : [`${handovers} handovers in ${minutes} minutes`]),
    ...Object.entries(books).flatMap(([what, names]) =>
      names.length === 0 ? [] : [`${what}: ${names.join(', ')}`],
    ),
    ...[...result.samples].flatMap(([name, samples]) => growth(name, samples)),
  ];
}

/** Of those that lived long enough to tell. */
function growth(name: string, samples: readonly Sample[]): readonly string[] {
  const [warm, last] = [samples[warmSample], samples.at(-1)];
  if (warm === undefined || last === undefined || samples.length < 2 * warmSample) return [];
  const most = warm.residentMiB * memoryGrowth.share + memoryGrowth.MiB;
  return [
    ...(last.residentMiB <= most
      ? []
      : [
          `${name} grew from ${Math.round(warm.residentMiB)} to ${Math.round(last.residentMiB)} MiB`,
        ]),
    ...(last.descriptors <= warm.descriptors + moreDescriptors
      ? []
      : [`${name} has ${last.descriptors} descriptors instead of ${warm.descriptors}`]),
  ];
}
