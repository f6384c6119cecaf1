import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, traceback } from './log.ts';
import type { CommandLine } from './options.ts';

/** Loads what is not there. @returns false: it died half-way, on purpose */
export async function load(
  { loadSeconds, fail }: Pick<CommandLine, 'loadSeconds' | 'fail'>,
  log: Log,
): Promise<boolean> {
  const parts = 4;
  for (let part = 1; part <= parts; part++) {
    await sleep((loadSeconds * 1000) / parts);
    log(`Loading simulated weights: ${(part / parts) * 100}% Completed | ${part}/${parts}`);
    if (fail === 'load' && part * 2 >= parts) {
      traceback('torch.OutOfMemoryError: CUDA out of memory. (simulated: fail=load)');
      return false;
    }
  }
  return true;
}
