import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { RoomTakenError } from '@wakefield/control';
import { intention, type StoreFixture, sampleSpec, storeFixture } from '@wakefield/testkit';

let fixture: StoreFixture;
let project: string;
let cluster: string;
let count = 0;

beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(async () => {
  project = await fixture.project();
  count += 1;
  cluster = `room-${count}`;
});
afterAll(() => fixture.close());

const limits = (jobs: number | null, own: { jobs?: number; gpus?: number } = {}) => ({
  jobs,
  project: { jobs: own.jobs ?? null, gpus: own.gpus ?? null },
});
const register = async (gpuCount: number, of = project) => {
  const spec = sampleSpec({ hfModelId: `a/${crypto.randomUUID()}`, gpuCount });
  return await fixture.model({ project: of, cluster, spec });
};

test('counts live jobs of everybody and of one project, with the GPUs that their models ask for', async () => {
  const { jobs } = fixture.stores;
  const one = await register(2);
  const other = await register(4);
  const stranger = await register(1, await fixture.project());
  await fixture.job(one, 1, { phase: 'ended', outcome: 'timeout', endedAt: 1 });
  await fixture.job(one, 2);
  await fixture.job(one, 3, { phase: 'draining', clusterJobId: '1' });
  await fixture.job(other, 1);
  await fixture.job(stranger, 1);
  expect(await jobs.countUse(cluster, project)).toEqual({ jobs: 4, project: { jobs: 3, gpus: 8 } });
  expect(await jobs.countUse('elsewhere', project)).toEqual({
    jobs: 0,
    project: { jobs: 0, gpus: 0 },
  });
});

test('many models that take the last places at once: no more than there is room for', async () => {
  const another = fixture.another().jobs;
  const models = await Promise.all(Array.from({ length: 8 }, () => register(1)));
  const room = { limits: limits(null, { jobs: 3 }), gpuCount: 1 };
  const taken = await Promise.allSettled(
    models.map(async (model, index) => {
      const { jobs } = index % 2 === 0 ? fixture.stores : { jobs: another };
      const lease = await fixture.lease(model.id);
      return await jobs.intend(lease, { ...intention(model, 1), cluster }, room);
    }),
  );
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const result of taken) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(RoomTakenError);
    expect(result.reason).toMatchObject({
      message: `Project ${project} has 3 of 3 jobs on cluster ${cluster}, the limit that is configured there for it.`,
    });
  }
  expect(await fixture.stores.jobs.countUse(cluster, project)).toMatchObject({ jobs: 3 });
});
