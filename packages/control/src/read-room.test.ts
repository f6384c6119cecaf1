import { expect, test } from '@jest/globals';
import type { Job } from '@wakefield/domain';
import { sampleJob, sampleModel, sampleSpec } from '@wakefield/testkit';
import type { ClusterDriver } from './ports/cluster.ts';
import { readRoom } from './read-room.ts';

const one = sampleModel({ id: 'm1', project: 'p', cluster: 'here' });
const two = { ...one, spec: sampleSpec({ otherClusters: ['there'] }) };
const serves = sampleJob({ id: 'j1', modelId: 'm1', project: 'p', phase: 'ready' });
const start = {
  kind: 'intend',
  seq: 2,
  cluster: 'here',
  successorOf: null,
  rivalOf: null,
} as const;

/** Only `there` is limited, to one job, which it has. */
const limitsOf = (jobs: number | null) =>
  ({
    limits: () => ({ jobs, project: { jobs: null, gpus: null } }),
  }) as unknown as ClusterDriver;
const drivers = new Map([
  ['here', limitsOf(null)],
  ['there', limitsOf(1)],
]);
const jobs = { countUse: async () => ({ jobs: 1, project: { jobs: 1, gpus: 1 } }) };
const read = async (model: typeof one, known: readonly Job[], starts: boolean) =>
  await readRoom({ drivers, jobs }, model, known, { actions: starts ? [start] : [] });

test('room is asked for when a job is started, and where a model that serves has a choice for its next one', async () => {
  expect(await read(two, [], true)).toMatchObject({ there: { jobs: 0 } });
  expect(await read(two, [serves], false)).toMatchObject({ there: { jobs: 0 } });
  expect(await read(two, [], false)).toBeNull();
  expect(await read(one, [serves], true)).toBeNull();
});
