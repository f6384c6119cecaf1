import { serveLines } from '../../bench/child/serve-lines.ts';
import { fuzz, openBench, type Share } from './fuzz.ts';

/** What a process of the fuzzer tells of each share. */
export interface ShareOfWorker extends Share {
  /** After a collection, with both proxies still there. */
  readonly heapBytes: number;
}

const bench = await openBench();
/** A line `<seed> <requests>` is a share of a run. Its proxies stay the same, so that what they keep shows. */
serveLines({}, async (line) => {
  const [seed = 0, requests = 0] = line.split(' ').map(Number);
  const share = await fuzz(bench, seed, requests);
  globalThis.gc?.();
  return { ...share, heapBytes: process.memoryUsage().heapUsed } satisfies ShareOfWorker;
});
