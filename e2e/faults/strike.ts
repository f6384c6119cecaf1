import { sendSignal } from '@wakefield/local-stack';
import { eventually, pause } from '../wakefield.ts';
import type { Plug, PlugSite } from './plugs.ts';

export type FaultKind = 'kill' | 'stop';

/** How long somebody stands still. */
const stillMs = 20_000;

/** Pulls a plug. Resolves when whoever died is up again, or whoever stood still goes on; epoch milliseconds. */
export async function strike(
  site: PlugSite,
  plug: Plug,
  kind: FaultKind,
): Promise<{ readonly struckAt: number; readonly overAt: number }> {
  const pids = await plug.pids(site);
  if (pids.length === 0) throw new Error(`${plug.name} does not run`);
  const said = site.wakefield.output().length;
  const struckAt = Date.now();
  for (const pid of pids) sendSignal(pid, kind === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  if (kind === 'stop') {
    await pause(stillMs);
    for (const pid of pids) sendSignal(pid, 'SIGCONT');
  } else if (plug.supervised !== null) {
    const words = plug.supervised;
    await eventually(
      `${plug.name} to be up again`,
      async () => words.test(site.wakefield.output().slice(said)),
      60_000,
    );
  }
  return { struckAt, overAt: Date.now() };
}
