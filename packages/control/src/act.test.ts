import { describe, expect, test } from '@jest/globals';
import type { Action, Job, Model } from '@wakefield/domain';
import { captureLog } from '@wakefield/testkit';
import { act } from './act.ts';
import type { ActDeps } from './act-context.ts';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';
import { createSubmissionGate } from './submission-gate.ts';

const job = (id: string, cluster: string): Job =>
  ({ id, cluster, name: id, phase: 'ready', modelId: 'm', reason: null }) as Job;
const jobs = [job('a1', 'a'), job('a2', 'a'), job('b1', 'b')];
const end = (jobId: string): Action => ({ kind: 'cancel', jobId });

/** A plan that cancels, on clusters that take it as they are told to. */
function scene(cancel: (cluster: string, id: string) => Promise<void>) {
  const nudged: string[] = [];
  const driver = (name: string) =>
    ({
      name,
      cancel: ([ref]: readonly { readonly name: string }[]) => cancel(name, ref?.name ?? ''),
    }) as unknown as ClusterDriver;
  const deps = {
    jobs: { patch: async (id: string) => jobs.find((one) => one.id === id) ?? null },
    nudges: {
      cluster: async (name: string) => {
        nudged.push(name);
      },
    },
    drivers: new Map(['a', 'b'].map((name) => [name, driver(name)])),
    submissions: createSubmissionGate(1),
    clock: { now: () => 1 },
    log: captureLog(),
  } as unknown as ActDeps;
  const context = {
    model: { id: 'm', cluster: 'a' } as Model,
    service: null,
    jobs,
    lease: { key: 'model:m', token: 1 },
    signal: new AbortController().signal,
  };
  return { nudged, run: (actions: readonly Action[]) => act(deps, context, actions) };
}

describe('a plan', () => {
  test('for one cluster does not wait for another one that hangs', async () => {
    const hangs = Promise.withResolvers<void>();
    const there = Promise.withResolvers<void>();
    const { run, nudged } = scene(async (cluster) => {
      if (cluster === 'a') return await hangs.promise;
      there.resolve();
    });
    const done = run([end('a1'), end('b1')]);
    await there.promise;
    hangs.resolve();
    expect(await done).toBe(false);
    expect(nudged.toSorted()).toEqual(['a', 'b']);
  });

  test('stops on the cluster that does not answer, and only there', async () => {
    const asked: string[] = [];
    const { run, nudged } = scene(async (_cluster, id) => {
      asked.push(id);
      if (id === 'a1') throw new ClusterError('unreachable', 'silence');
    });
    await run([end('a1'), end('a2'), end('b1')]);
    expect(asked.toSorted()).toEqual(['a1', 'b1']);
    expect(nudged.toSorted()).toEqual(['a', 'b']);
  });

  test('that breaks off has every cluster looked at that it touched', async () => {
    const { run, nudged } = scene(async (_cluster, id) => {
      if (id === 'a2') throw new Error('the store is away');
    });
    await expect(run([end('a1'), end('a2'), end('b1')])).rejects.toThrow('the store is away');
    expect(nudged.toSorted()).toEqual(['a', 'b']);
  });

  test('for a job that nobody knows any more touches nothing', async () => {
    const { run, nudged } = scene(async () => undefined);
    expect(await run([end('gone')])).toBe(false);
    expect(nudged).toEqual([]);
  });
});
