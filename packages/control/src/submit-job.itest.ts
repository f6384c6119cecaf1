import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Job, Model } from '@wakefield/domain';
import { captureLog, SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { act } from './act.ts';
import type { ActDeps } from './act-context.ts';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';
import { LeaseLostError } from './ports/stores.ts';

let store: StoreFixture;
let model: Model;
let job: Job;

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(async () => {
  model = await store.model();
  job = await store.job(model, 1);
});
afterAll(() => store.close());

async function submit(
  answer: ClusterDriver['submit'],
  recipes: Partial<ActDeps['recipes']> = {},
): Promise<Job | null> {
  const driver = { name: model.cluster, submit: answer, profile: {} };
  const deps: ActDeps = {
    jobs: store.stores.jobs,
    nudges: { cluster: async () => undefined },
    drivers: new Map([[model.cluster, driver as unknown as ClusterDriver]]),
    recipes: {
      render: () => ({ script: '#!/bin/bash\n', secretFiles: {} }),
      capacity: () => 4,
      ...recipes,
    },
    telemetry: {
      jobAdvanced: () => undefined,
      observed: () => undefined,
      reconciled: () => undefined,
      scaled: () => undefined,
    },
    clock: { now: () => SAMPLE_NOW },
    ids: { uuid: randomUUID, secret: randomUUID },
    log: captureLog(),
    installation: 'test',
  };
  const lease = await store.lease(model.id);
  const { signal } = new AbortController();
  try {
    await act(deps, { model, jobs: [job], lease, signal }, [{ kind: 'submit', jobId: job.id }]);
  } finally {
    await store.stores.leases.release(lease);
  }
  return await store.stores.jobs.get(job.id);
}

const fail = (kind: ClusterError['kind'], words: string) => () =>
  Promise.reject(new ClusterError(kind, words));

describe('a submission', () => {
  test.each(['misconfigured', 'unreachable'] as const)(
    'that did not go through says why, until it does: %s',
    async (kind) => {
      expect(await submit(fail(kind, 'disk quota exceeded'))).toMatchObject({
        phase: 'intended',
        reason: `The job could not be submitted to ${model.cluster} yet: disk quota exceeded`,
      });
      const taken = await submit(async () => ({ clusterJobId: '7', adopted: false }));
      expect(taken).toMatchObject({ phase: 'queued', clusterJobId: '7', reason: null });
    },
  );

  test.each([
    ['refused', 'refused', 'refused the job'],
    ['unclear', 'failed', 'did not take the job'],
    ['no_room', 'no_room', 'has no room for the job now'],
  ] as const)('that met a no is over, as %s', async (kind, outcome, words) => {
    expect(await submit(fail(kind, 'Unspecified error'))).toMatchObject({
      phase: 'ended',
      outcome,
      reason: `Cluster ${model.cluster} ${words}: Unspecified error`,
    });
  });

  test.each([
    ['render', { render: () => thrown('there is no recipe "gone"') }],
    ['capacity', { capacity: () => thrown('there is no recipe "gone"') }],
  ])('whose recipe is gone ends the job as refused: %s', async (_which, recipes) => {
    let asked = 0;
    const submitted: ClusterDriver['submit'] = async () => {
      asked += 1;
      return { clusterJobId: '7', adopted: false };
    };
    expect(await submit(submitted, recipes)).toMatchObject({
      phase: 'ended',
      outcome: 'refused',
      reason: 'The job script cannot be made: there is no recipe "gone"',
    });
    expect(asked).toBe(0);
  });

  test('of a run that stood still and lost its lease is not recorded', async () => {
    const freeze: ClusterDriver['submit'] = async () => {
      await store.sql("update leases set expires_at = now() - interval '1 s' where key = $1", [
        `model:${model.id}`,
      ]);
      return { clusterJobId: '7', adopted: false };
    };
    await expect(submit(freeze)).rejects.toBeInstanceOf(LeaseLostError);
    expect(await store.stores.jobs.get(job.id)).toMatchObject({ phase: 'intended' });
  });
});

function thrown(words: string): never {
  throw new Error(words);
}
