import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Plug, PlugSite } from './plugs.ts';
import type { ModelRow } from './site.ts';
import { strike } from './strike.ts';
import { killed, stopped, type Way } from './ways.ts';

/** A site of which every look at the models is another one: its state is the number of the look. */
function siteWith() {
  let looks = 0;
  const models = async () => {
    looks += 1;
    return new Map([['m', { model: 'm', state: String(looks) } as ModelRow]]);
  };
  const wakefield = { output: () => '' } as PlugSite['wakefield'];
  const nothing = {} as PlugSite['stores'] & PlugSite['cluster'];
  const site: PlugSite = { wakefield, models, stores: nothing, cluster: nothing };
  return { site, looks: () => looks };
}

const plugOf = (way: Way): Plug => ({ name: 'scheduler', title: 'x', ways: { kill: way } });

/** A process of ours, standing as one does that was found so. */
async function standing(work: (pid: number, state: () => string) => Promise<void>) {
  const child = spawn('sleep', ['60']);
  const { pid = 0 } = child;
  const state = () =>
    /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  try {
    await once(child, 'spawn');
    process.kill(pid, 'SIGSTOP');
    while (state() !== 'T') await new Promise((resolve) => setImmediate(resolve));
    await work(pid, state);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
}

describe('a strike', () => {
  test('comes at its moment, and tells how the models stood then', async () => {
    const { site, looks } = siteWith();
    const struckAtLook: number[] = [];
    const aim = {
      pids: [],
      jobNames: [],
      strike: async () => void struckAtLook.push(looks()),
      over: async () => 5,
      whole: async () => undefined,
      letGo: () => undefined,
    };
    const way: Way = { label: '', cost: 'nothing', refuses: 'nothing', aim: async () => aim };
    const struck = await strike(site, plugOf(way), 'kill', () => looks() === 3);
    expect(struckAtLook).toEqual([3]);
    expect(struck.models.get('m')?.state).toBe('3');
    expect(struck.strike.overAt).toBe(5);
  });

  test('counts from when its prey was made to stand', () =>
    standing(async (pid) => {
      const prey = {
        pids: async () => ({ pids: [pid], sinceAt: 1_000 }),
        supervised: null,
        twice: true,
      };
      const struck = await strike(siteWith().site, plugOf(killed(prey)), 'kill');
      expect(struck.strike).toMatchObject({ struckAt: 1_000, overAt: 1_000, pids: [pid] });
    }));

  test.each([
    ['SIGKILL', killed],
    ['SIGSTOP', stopped],
  ])('by %s that comes to nothing leaves nobody standing', (_, way) =>
    standing(async (pid, state) => {
      const prey = { pids: async () => ({ pids: [pid], sinceAt: 1_000 }), supervised: null };
      const never = () => {
        throw new Error('no moment');
      };
      const struck = strike(siteWith().site, plugOf(way(prey)), 'kill', never);
      await expect(struck).rejects.toThrow('no moment');
      expect(state()).not.toBe('T');
    }),
  );
});
