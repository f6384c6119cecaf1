import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive, type ProcessId } from './process-table.ts';
import { createOnce, hasCode, readJson } from './records.ts';

/**
 * Runs `work` while no other process of this machine runs under the same lock file. A lock whose process is
 * gone is taken over.
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
    if (holder !== null && !isAlive(holder)) await takeAway(path, holder);
    else await sleep(5);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

interface Holder extends ProcessId {
  readonly token: string;
}

/** By renaming, so that of two that find the same dead holder only one removes it. */
async function takeAway(path: string, dead: Holder): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  try {
    await rename(path, away);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const taken = await readJson<Holder>(away);
  // Somebody was quicker and holds it now: give it back.
  if (taken !== null && taken.token !== dead.token) await createOnce(path, taken);
  await rm(away, { force: true });
}
