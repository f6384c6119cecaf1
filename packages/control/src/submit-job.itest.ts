import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Action, asModel, type Job, type Model } from '@wakefield/domain';
import { captureLog, SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { act } from './act.ts';
import type { ActDeps } from './act-context.ts';
import { type ClusterDriver, ClusterError, type JobSubmission } from './ports/cluster.ts';
import { LeaseLostError } from './ports/stores.ts';
import { createSubmissionGate } from './submission-gate.ts';

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
  await carryOut(answer, recipes, [{ kind: 'submit', jobId: job.id }]);
  return await store.stores.jobs.get(job.id);
}

async function carryOut(
  answer: ClusterDriver['submit'],
  recipes: Partial<ActDeps['recipes']>,
  actions: readonly Action[],
): Promise<void> {
  const lease = await store.lease(model.id);
  const { signal } = new AbortController();
  try {
    const jobs = await store.stores.jobs.listForModel(model.id, 0);
    await act(depsOf(answer, recipes), { model, service: null, jobs, lease, signal }, actions);
  } finally {
    await store.stores.leases.release(lease);
  }
}

function depsOf(
  answer: ClusterDriver['submit'],
  recipes: Partial<ActDeps['recipes']>,
  over: Partial<ClusterDriver> = {},
): ActDeps {
  const driver = {
    name: model.cluster,
    submit: answer,
    ...over,
    profile: {},
    queueOf: () => '',
    limits: () => ({ jobs: null, project: { jobs: null, gpus: null } }),
  };
  return {
    jobs: store.stores.jobs,
    nudges: { cluster: async () => undefined },
    drivers: new Map([[model.cluster, driver as unknown as ClusterDriver]]),
    recipes: {
      render: () => ({ script: '#!/bin/bash\n', secretFiles: {} }),
      renderService: () => ({ script: '#!/bin/bash\n', secretFiles: {} }),
      capacity: () => 4,
      ...recipes,
    },
    submissions: createSubmissionGate(1),
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
}

/** What the cluster is asked for by the first job of a service. */
async function askedFor(over: Partial<ClusterDriver>): Promise<JobSubmission> {
  const service = await store.service();
  const first = await store.serviceJob(service, 1);
  const lease = await store.stores.leases.acquire(`service:${service.id}`, 'tester', 60_000);
  if (lease === null) throw new Error('somebody else holds the lease');
  const asked: JobSubmission[] = [];
  const deps = depsOf(
    async (submission) => {
      asked.push(submission);
      return { clusterJobId: '7', adopted: false };
    },
    {},
    over,
  );
  const { signal } = new AbortController();
  const context = { model: asModel(service), service, jobs: [first], lease, signal };
  await act(deps, context, [{ kind: 'submit', jobId: first.id }]);
  const [submission] = asked;
  if (submission === undefined) throw new Error('nothing was submitted');
  return submission;
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

  test('of a service asks for what it was started with, but not where all jobs get the same', async () => {
    expect(await askedFor({})).toMatchObject({ cpus: 1, memory: '512M' });
    expect(await askedFor({ fixedSize: true })).toMatchObject({ cpus: null, memory: null });
  });

  test('whose recipe is gone ends the job as refused', async () => {
    const gone = () => thrown('there is no recipe "gone"');
    let asked = 0;
    const submitted: ClusterDriver['submit'] = async () => {
      asked += 1;
      return { clusterJobId: '7', adopted: false };
    };
    expect(await submit(submitted, { render: gone, capacity: gone })).toMatchObject({
      phase: 'ended',
      outcome: 'refused',
      reason: 'The job script cannot be made: there is no recipe "gone"',
    });
    expect(asked).toBe(0);
  });

  test('finds what the job takes at once in the row already: as configured, or as the others have shown', async () => {
    const takes: ClusterDriver['submit'] = async () => ({ clusterJobId: '7', adopted: false });
    const capacity = async (seq: number) => {
      await carryOut(takes, {}, [
        { kind: 'intend', seq, cluster: model.cluster, successorOf: null, rivalOf: null },
      ]);
      const jobs = await store.stores.jobs.listForModel(model.id, 0);
      const found = jobs.find((one) => one.seq === seq);
      return [found?.phase, found?.capacity];
    };
    expect(await capacity(2)).toEqual(['queued', 4]);
    await store.stores.jobs.patch(job.id, ['intended'], { capacity: 2 });
    expect(await capacity(3)).toEqual(['queued', 2]);
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
