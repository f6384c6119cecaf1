import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { JobSubmission } from '@wakefield/control';
import type { JobName } from '@wakefield/domain';
import { type HeappeScene, openHeappeScene } from '../../test/heappe-driver.ts';
import { until } from '../conformance/scene.ts';

jest.setTimeout(60_000);

let scene: HeappeScene;
beforeAll(async () => {
  scene = await openHeappeScene({}, { timeouts: { submit: '2s', command: '2s' } });
});
afterEach(async () => {
  scene.test.server.control.clearFaults();
  scene.ahead = 0;
  const jobs = slept.splice(0).map((name) => ({ name, clusterJobId: null }));
  await scene.driver.cancel(jobs, scene.signal);
});
afterAll(() => scene.close());

const control = () => scene.test.server.control;
/** They would fill the cluster. */
const slept: JobName[] = [];
const sleeping = () => {
  const name = scene.newName();
  slept.push(name);
  return { name, job: scene.job(name, ['sleep 600']) };
};
/** States of the jobs of that name that HEAppE keeps. */
const statesOf = async (name: string) => (await scene.listed(name)).map(({ State }) => State);

describe('one job of a submission, though', () => {
  test.each(['disconnect', 'hang'] as const)(
    'CreateJob works and its answer is lost (%s)',
    async (kind) => {
      const { name, job } = sleeping();
      control().addFault({ action: 'CreateJob', when: 'after', effect: { kind }, times: 1 });
      await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
        kind: 'unreachable',
      });
      expect(await statesOf(name)).toEqual([1]);
      // It waits in no queue, so nothing is told of it; where nobody intends it any more it is one to end.
      expect((await scene.sight(name)).clusterJob?.state).toBe('unknown');
      const { sightings } = await scene.driver.observe([], scene.signal);
      expect(sightings.get(name)?.clusterJob?.state).toBe('pending');
      // Perhaps somebody is about to submit it.
      await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
        kind: 'unreachable',
        message: expect.stringMatching(/may still be going on/),
      });
      scene.ahead = 60_000;
      await scene.driver.submit(job, scene.signal);
      expect(await statesOf(name)).toEqual([expect.any(Number)]);
      const seen = await scene.sightUntil(
        name,
        ({ clusterJob }) => clusterJob?.state === 'running',
      );
      expect(seen.clusterJob?.name).toBe(name);
    },
  );

  test.each(['disconnect', 'hang'] as const)(
    'SubmitJob works and its answer is lost (%s)',
    async (kind) => {
      const { name, job } = sleeping();
      control().addFault({ action: 'SubmitJob', when: 'after', effect: { kind }, times: 1 });
      await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
        kind: 'unreachable',
      });
      expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: true });
      expect(await scene.listed(name)).toHaveLength(1);
    },
  );

  test('SubmitJob never arrives: after a while it is submitted by the next call', async () => {
    const { name, job } = sleeping();
    const effect = { kind: 'disconnect' } as const;
    control().addFault({ action: 'SubmitJob', when: 'before', effect, times: 1 });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    scene.ahead = 60_000;
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: false });
    // Of the first nobody knows whether it was given to the batch system: it has gone with its directory.
    expect((await statesOf(name)).toSorted((a, b) => b - a)).toEqual([256, expect.any(Number)]);
    expect(await scene.submissions(name)).toHaveLength(1);
  });

  test.each([
    'Batch job submission failed: Socket timed out on send/recv operation',
    'Unable to contact slurm controller (connect failure)',
  ])('the batch system takes it, and HEAppE only knows: %s', async (words) => {
    const { name, job } = sleeping();
    control().setSwitches({ schedulerForgets: words });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    control().setSwitches({ schedulerForgets: null });
    const { clusterJobId, adopted } = await scene.driver.submit(job, scene.signal);
    expect(adopted).toBe(false);
    // The directory of the forgotten one has gone with its record: it ends (launcher.itest.ts).
    expect((await statesOf(name)).toSorted((a, b) => b - a)).toEqual([256, expect.any(Number)]);
    expect(await scene.submissions(name)).toHaveLength(2);
    const seen = await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'running');
    expect(seen.clusterJob?.clusterJobId).toBe(clusterJobId);
  });

  test('SubmitJob takes longer than anybody waits for it, and then works', async () => {
    const { name, job } = sleeping();
    const another = scene.another();
    const lost = { kind: 'disconnect' } as const;
    control().addFault({ action: 'CreateJob', when: 'after', effect: lost, times: 1 });
    const slow = { kind: 'delay', ms: 3500 } as const;
    control().addFault({ action: 'SubmitJob', when: 'before', effect: slow, times: 1 });
    const none = { kind: 'unreachable' };
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject(none);
    // So old that nobody can be at making it any more.
    scene.ahead = 60_000;
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      message: expect.stringMatching(/no answer in time/),
    });
    // Neither this process nor one that takes over.
    for (const driver of [scene.driver, another, scene.driver, another])
      await expect(driver.submit(job, scene.signal)).rejects.toMatchObject({
        kind: 'unreachable',
        message: expect.stringMatching(/may still be going on/),
      });
    await until('it to work', async () => ((await statesOf(name))[0] === 1 ? null : true));
    expect(await another.submit(job, scene.signal)).toMatchObject({ adopted: true });
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: true });
    expect(await scene.submissions(name)).toHaveLength(1);
  });

  test('HEAppE has never had SubmitJob: the next call submits it at once', async () => {
    const { name, job } = sleeping();
    const effect = { kind: 'status', status: 429 } as const;
    control().addFault({ action: 'SubmitJob', when: 'before', effect, times: 1 });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: false });
    expect(await scene.submissions(name)).toHaveLength(1);
  });

  test('HEAppE does not take the files: nothing is said against the job', async () => {
    const { name, job } = sleeping();
    const effect = { kind: 'status', status: 413 } as const;
    const action = 'UploadFilesToJobExecutionDir';
    control().addFault({ action, when: 'before', effect, times: 1 });
    const failed = { kind: 'unreachable' };
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject(failed);
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: false });
    expect(await scene.listed(name)).toHaveLength(1);
  });

  test('the files do not arrive: the next call goes on at once, nobody else can be at it', async () => {
    const { name, job } = sleeping();
    const effect = { kind: 'status', status: 500 } as const;
    const action = 'UploadFilesToJobExecutionDir';
    control().addFault({ action, when: 'before', effect, times: 1 });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: false });
    expect(await scene.listed(name)).toHaveLength(1);
  });

  test.each([429, 500, 502, 503])('HEAppE answers %i', async (status) => {
    const { name, job } = sleeping();
    const effect = { kind: 'status', status } as const;
    control().addFault({ action: 'CreateJob', when: 'before', effect, times: 1 });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    expect(await scene.listed(name)).toEqual([]);
    await scene.driver.submit(job, scene.signal);
    expect(await scene.listed(name)).toHaveLength(1);
  });

  test('HEAppE restarts in between', async () => {
    const { name, job } = sleeping();
    await scene.driver.submit(job, scene.signal);
    await control().restart();
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: true });
    expect(await scene.listed(name)).toHaveLength(1);
  });

  test('somebody made others of the name: they are ended, created ones after a while', async () => {
    const { name, job } = sleeping();
    const { clusterJobId } = await scene.driver.submit(job, scene.signal);
    await scene.sightUntil(name, ({ clusterJob }) => clusterJob?.state === 'running');
    const doubles = [await scene.double(name, true), await scene.double(name, false)];
    const stateOf = async (id: number | string) =>
      (await scene.listed(name)).find(({ Id }) => Id === Number(id))?.State;
    const first = await scene.sight(name);
    expect(first.clusterJob?.clusterJobId).toBe(clusterJobId);
    await until('the waiting one to end', async () =>
      Number(await stateOf(doubles[0] ?? 0)) >= 16 ? true : null,
    );
    expect(await stateOf(doubles[1] ?? 0)).toBe(1);
    scene.ahead = 60_000;
    await scene.sight(name);
    expect(await stateOf(doubles[1] ?? 0)).toBe(256);
    expect(await stateOf(clusterJobId)).toBe(8);
  });
});

describe('a submission', () => {
  test('by ids that are no longer right is made with those that are', async () => {
    const first = sleeping();
    await scene.driver.submit(first.job, scene.signal);
    const path = 'Management/CommandTemplates?ProjectId=1';
    const [template] = (await scene.test.call('GET', path)) as { Id: number }[];
    const body = { CommandTemplateId: template?.Id };
    await scene.test.call('DELETE', 'Management/RemoveCommandTemplate', body);
    await scene.another().activate('demo', scene.signal);
    const { name, job } = sleeping();
    expect(await scene.driver.submit(job, scene.signal)).toMatchObject({ adopted: false });
    expect(await scene.listed(name)).toHaveLength(1);
  });

  test('that the cluster refuses leaves nothing, and the next is told again', async () => {
    const { name, job } = sleeping();
    control().setSwitches({ schedulerRefusal: 'sbatch: error: invalid partition specified: gpu' });
    for (const _ of [1, 2])
      await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(/invalid partition/),
      });
    expect((await scene.sight(name)).clusterJob).toBeNull();
    expect(new Set(await statesOf(name))).toEqual(new Set([256]));
  });

  test('for which there is no room says so', async () => {
    const { job } = sleeping();
    const words =
      'sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed';
    control().setSwitches({ schedulerRefusal: words });
    await expect(scene.driver.submit(job, scene.signal)).rejects.toMatchObject({ kind: 'no_room' });
  });

  test.each<[Partial<JobSubmission>, RegExp]>([
    [{ cpus: 4 }, /cannot ask for CPUs or memory/],
    [{ memory: '4G' }, /template.allocation/],
    [{ walltimeSeconds: 90_000 }, /at most 86400 seconds/],
    [{ gpuCount: 0 }, /has to ask for one at least/],
    [{ gpuCount: 5, nodes: 1 }, /5 GPUs are on 2 of them, not on 1/],
    [{ secretFiles: { wakefield_run: 'x' } }, /cannot be named wakefield_run/],
    [{ project: 'other' }, /no command template of project other/],
  ])('of %j is refused before anything is made', async (change, words) => {
    const name = scene.newName();
    const submission = scene.job(name, ['true'], change);
    await expect(scene.driver.submit(submission, scene.signal)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(words),
    });
    expect(await scene.listed(name)).toEqual([]);
  });
});

describe('an account that has one job at a time', () => {
  let lone: HeappeScene;
  beforeAll(async () => {
    lone = await openHeappeScene({ sharedAccountsPool: false });
  });
  afterAll(() => lone.close());

  test('keeps the next one waiting, which is adopted, seen and run in its turn', async () => {
    const [first, second] = [lone.newName(), lone.newName()];
    await lone.driver.submit(lone.job(first, ['sleep 600']), lone.signal);
    const job = lone.job(second, ['sleep 600']);
    const { clusterJobId } = await lone.driver.submit(job, lone.signal);
    expect((await lone.listed(second))[0]?.State).toBe(128);
    const { clusterJob } = await lone.sight(second);
    expect(clusterJob).toMatchObject({ state: 'pending', reason: 'WaitingForServiceAccount' });
    expect(await lone.driver.submit(job, lone.signal)).toEqual({ clusterJobId, adopted: true });
    await lone.driver.cancel([{ name: first, clusterJobId: null }], lone.signal);
    const ran = await lone.sightUntil(second, ({ clusterJob: now }) => now?.state === 'running');
    expect(ran.clusterJob?.clusterJobId).toBe(clusterJobId);
  });
});
