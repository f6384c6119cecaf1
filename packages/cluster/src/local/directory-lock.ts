import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAtWork, type ProcessId } from './process-table.ts';
import { createOnce, readJson } from './records.ts';

/**
 * Runs `work` while no other process of this machine runs under the same lock file. A lock whose process is gone, or
 * stands still, is taken over: one that goes on later finishes what it had begun beside others, which `work` must bear.
 * @throws the signal's reason when it aborts while waiting
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const self = identify(process.pid);
  if (self === null) throw new Error('this process cannot see itself in the process table');
  // The token tells two holders of one process apart.
  const mine: Holder = { ...self, token: randomUUID() };
  while (!(await createOnce(path, mine))) {
    signal.throwIfAborted();
    const holder = await readJson<Holder>(path);
    if (holder !== null && !isAtWork(holder)) await takeAway(path, holder, self);
    else await sleep(5);
  }
  try {
    return await work();
  } finally {
    if ((await readJson<Holder>(path))?.token === mine.token) await rm(path, { force: true });
  }
}

interface Holder extends ProcessId {
  readonly token: string;
}

/**
 * Only who made the file named after the lost holder's token removes its lock, and only while it is that lock: nobody
 * else takes it away meanwhile, so nothing has to be given back. A maker that died is itself taken away.
 */
async function takeAway(path: string, dead: Holder, self: ProcessId): Promise<void> {
  const right = `${path}.${dead.token}`;
  if (!(await createOnce(right, { ...self, token: randomUUID() }))) {
    const other = await readJson<Holder>(right);
    if (other !== null && !isAtWork(other)) await takeAway(right, other, self);
    else await sleep(5);
    return;
  }
  try {
    if ((await readJson<Holder>(path))?.token === dead.token) await rm(path, { force: true });
  } finally {
    await rm(right, { force: true });
  }
}
