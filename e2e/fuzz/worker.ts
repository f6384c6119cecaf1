import { serveLines } from '../../bench/child/serve-lines.ts';
import { fuzz, openBench, type Share } from './fuzz.ts';

/** What a process of the fuzzer tells of each share. */
export interface ShareOfWorker extends Share {
  /** The least after a collection, with both proxies still there. */
  readonly heapBytes: number;
}

const collections = 3;

const bench = await openBench();
/** A line `<seed> <requests>` is a share of a run. Its proxies stay the same, so that what they keep shows. */
serveLines({}, async (line) => {
  const [seed = 0, requests = 0] = line.split(' ').map(Number);
  const share = await fuzz(bench, seed, requests);
  return { ...share, heapBytes: await leastHeap() } satisfies ShareOfWorker;
});

/** What is only let go of in a later turn of the loop is no growth. */
async function leastHeap(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let times = 0; times < collections; times += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc?.();
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}
