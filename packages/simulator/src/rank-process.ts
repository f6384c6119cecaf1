import { type Log, traceback } from './log.ts';
import type { CommandLine } from './options.ts';
import { joinHead } from './rank-other.ts';
import { load } from './weights.ts';

/**
 * The course of a rank that does not serve: it computes for the head, and ends with it.
 * @param stopped by a signal: the code to end with
 * @returns the code to end with
 */
export async function followHead(
  options: CommandLine,
  engine: string,
  log: Log,
  stopped: Promise<number>,
): Promise<number> {
  const { headHost, headPort } = options.place;
  log(`joining the head at ${headHost}:${headPort}`);
  try {
    const head = await Promise.race([joinHead(options.place, engine), stopped]);
    if (typeof head === 'number') return head;
    const ended = Promise.race([stopped, head.over.then(codeOf)]);
    const left = await Promise.race([head.complete, ended]);
    if (typeof left === 'number') return left;
    const loaded = await Promise.race([load(options, log), ended]);
    if (loaded === false) return 1;
    if (typeof loaded === 'number') return loaded;
    log('computing for the head');
    return await ended;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    traceback(`torch.distributed.DistNetworkError: ${reason}`);
    return 1;
  }
}

function codeOf(inOrder: boolean): number {
  if (inOrder) return 0;
  traceback('RuntimeError: the connection to rank 0 was lost (simulated)');
  return 1;
}
