import { beforeEach, describe, expect, test } from '@jest/globals';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { HeappeError } from './failures.ts';
import { createLiveStates, type LiveStates } from './live-states.ts';

const { queued, running } = heappeStates;
const BUSY_MS = 5_000;
const QUIET_MS = 30_000;

/** What SLURM knows of each job, and what HEAppE's list says; HEAppE keeps what it hears when it is asked. */
let cluster: Map<number, number>;
let listed: Map<number, number>;
let asked: number[];
let broken: Set<number>;
let now: number;
let live: LiveStates;

const jobOf = (Id: number, State: number) => ({ Id, Name: `job-${Id}`, State }) as JobInfo;
const client = {
  jobs: {
    get: async (id: number) => {
      asked.push(id);
      if (broken.has(id)) throw new HeappeError('unreachable', 'Slurm Problem', { status: 502 });
      listed.set(id, cluster.get(id) ?? queued);
      return jobOf(id, cluster.get(id) ?? queued);
    },
  },
} as unknown as Pick<HeappeClient, 'jobs'>;

beforeEach(() => {
  asked = [];
  broken = new Set();
  now = 0;
  const ids = Array.from({ length: 50 }, (_, n) => n + 1);
  cluster = new Map(ids.map((id) => [id, queued]));
  listed = new Map(cluster);
  live = createLiveStates(client, QUIET_MS, () => now);
});

async function look(): Promise<ReadonlyMap<string, JobInfo>> {
  const jobs = [...listed].map(([id, state]) => jobOf(id, state));
  const seen = await live.freshen(
    new Map(jobs.map((job) => [`job-${job.Id}`, job])),
    AbortSignal.timeout(10_000),
  );
  now += BUSY_MS;
  return seen;
}

/** Looks at the busy pace for so long. */
async function looks(ms: number): Promise<void> {
  for (const until = now + ms; now < until; ) await look();
}

/** The job that is tried next has just started, and the list does not show it yet. */
async function lateList(): Promise<number> {
  await looks(90_000);
  for (const id of cluster.keys()) cluster.set(id, running);
  while (![...listed.values()].includes(running)) await look();
  const first = asked.at(-1) ?? 0;
  for (const id of cluster.keys()) if (id !== first) cluster.set(id, queued);
  asked = [];
  return first;
}

describe('jobs that do not move in the list', () => {
  test('are tried one at a time', async () => {
    await looks(60_000);
    expect(asked).toEqual([]);
    await looks(90_000);
    expect(asked).toHaveLength(3);
  });

  test('are all asked for where one has started, few in a look and none often', async () => {
    const first = await lateList();
    const waiting = () => asked.filter((id) => id !== first);
    for (let taken = 1; taken <= 24; taken += 1) {
      const before = waiting().length;
      await look();
      expect(waiting().length - before).toBeLessThanOrEqual(6);
    }
    for (const id of cluster.keys())
      expect(asked.filter((one) => one === id).length).toBeLessThanOrEqual(4);
    cluster.set(50, running);
    await looks(50_000);
    expect(listed.get(50)).toBe(running);
  });

  test('do not keep others waiting when HEAppE cannot say anything of them', async () => {
    const first = await lateList();
    broken = new Set([...cluster.keys()].filter((id) => id !== first && id !== 50));
    cluster.set(50, running);
    await looks(60_000);
    expect(listed.get(50)).toBe(running);
  });

  test('are left alone again when the list moves one by itself', async () => {
    const first = await lateList();
    await look();
    expect(asked.length).toBeGreaterThan(1);
    const other = first === 7 ? 8 : 7;
    cluster.set(other, running);
    listed.set(other, running);
    asked = [];
    await looks(90_000);
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  test('are asked for still, when the list says what was heard by asking', async () => {
    await lateList();
    await look();
    asked = [];
    await looks(30_000);
    expect(asked.length).toBeGreaterThan(20);
  });
});
