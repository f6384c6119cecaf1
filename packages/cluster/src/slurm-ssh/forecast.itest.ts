import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import type { JobSighting } from '@wakefield/domain';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { until } from '../conformance/scene.ts';
import { createDriver } from '../create-driver.ts';
import { trialStart } from './submission.ts';

jest.setTimeout(90_000);
const signal = new AbortController().signal;
const minute = 60_000;

const request = {
  project: 'demo',
  walltimeSeconds: 600,
  gpuCount: 1,
  nodes: 1,
  cpus: null,
  memory: null,
};
const job = (name: string): JobSubmission => ({
  ...request,
  name,
  engine: 'simulator',
  script: '#!/bin/bash\nsleep 600\n',
  secretFiles: {},
});

test.each([
  ['sbatch: Job 50 to start at 2026-11-20T16:01:39 using 1 processors on nodes cn01', 16],
  ['sbatch: a banner\nsbatch: Job 7 to start at 2026-11-20T17:01:39 a using 1', 17],
])('the start is read from %j', (said, hour) => {
  expect(trialStart(said)).toBe(Date.UTC(2026, 10, 20, hour, 1, 39));
});

test.each(['', 'sbatch: something else', 'sbatch: Job 50 to start at N/A using 1'])(
  'no start is read from %j',
  (said) => expect(trialStart(said)).toBeNull(),
);

/** One node with two GPUs, so that it is full with two jobs. */
describe('a private SLURM', () => {
  let cluster: TestSlurm;
  let driver: ClusterDriver;
  let folder: string;
  const sight = async (name: string, wish: (seen: JobSighting) => boolean) =>
    await until(`${name} to be as wished`, async () => {
      const { sightings } = await driver.observe([{ name, clusterJobId: null }], signal);
      const seen = sightings.get(name);
      return seen !== undefined && wish(seen) ? seen : null;
    });
  const asked = async () =>
    (await readFile(join(folder, 'asked'), 'utf8').catch(() => '')).split('\n').length - 1;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-forecast-'));
    const sinfo = `#!/bin/sh
echo "$*" >>'${folder}/asked'
[ ! -e '${folder}/broken' ] || { echo 'sinfo: error: no' >&2; exit 1; }
exec /usr/bin/sinfo "$@"
`;
    await writeFile(join(folder, 'sinfo'), sinfo);
    await chmod(join(folder, 'sinfo'), 0o755);
    cluster = await startTestSlurm({
      nodes: [{ name: 'cn01', gres: 'gpu:h200:2', features: '' }],
      loginEnvironment: { PATH: `${folder}:/usr/local/bin:/usr/bin:/bin` },
    });
    driver = createDriver(cluster.config({ cadence: { busy: '100ms', quiet: '1s' } }), {
      installation: 'fc',
    });
  });
  afterAll(async () => {
    await driver.cancel(
      ['a', 'b', 'c', 'd'].map((one) => ({ name: `wf-fc-${one}-1`, clusterJobId: null })),
      signal,
    );
    await driver.close();
    expect(await cluster.stop()).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  test('says that a job would start at once, or when the first place is free', async () => {
    const free = (await driver.forecast(request, signal)) ?? 0;
    expect(Math.abs(free - Date.now())).toBeLessThan(minute);
    for (const name of ['wf-fc-a-1', 'wf-fc-b-1']) {
      await driver.submit(job(name), signal);
      await sight(name, ({ clusterJob }) => clusterJob?.state === 'running');
    }
    const full = (await driver.forecast(request, signal)) ?? 0;
    expect(full - Date.now()).toBeGreaterThan(8 * minute);
    expect(full - Date.now()).toBeLessThan(12 * minute);
  });

  test('refuses a forecast of what it would refuse', async () => {
    await expect(driver.forecast({ ...request, gpuCount: 9 }, signal)).rejects.toMatchObject({
      kind: 'refused',
    });
  });

  test('plans the start of a waiting job', async () => {
    await driver.submit(job('wf-fc-c-1'), signal);
    const { clusterJob } = await sight(
      'wf-fc-c-1',
      (seen) => (seen.clusterJob?.forecastAt ?? null) !== null,
    );
    const planned = (clusterJob?.forecastAt ?? 0) - Date.now();
    expect(planned).toBeGreaterThan(8 * minute);
    expect(planned).toBeLessThan(12 * minute);
    expect(clusterJob).toMatchObject({ state: 'pending', startedAt: null, endsAt: null });
  });

  test('tells of a node that is drained, and of one that is back', async () => {
    const leaving = (wanted: boolean) =>
      sight('wf-fc-a-1', ({ clusterJob }) => clusterJob?.nodeLeaving === wanted);
    await leaving(false);
    await cluster.slurm.client('scontrol', [
      'update',
      'nodename=cn01',
      'state=drain',
      'reason=broken fan',
    ]);
    const seen = await leaving(true);
    expect(seen.clusterJob).toMatchObject({ state: 'running', node: 'cn01' });
    await cluster.slurm.client('scontrol', ['update', 'nodename=cn01', 'state=resume']);
    await leaving(false);
  });

  test('nodes are asked for at the pace of a quiet cluster, and not at all without jobs', async () => {
    const ref = { name: 'wf-fc-a-1', clusterJobId: null };
    const beganAt = performance.now();
    const before = await asked();
    for (let look = 0; look < 20; look++) await driver.observe([ref], signal);
    const most = 1 + Math.ceil((performance.now() - beganAt) / 1_000);
    expect((await asked()) - before).toBeLessThanOrEqual(most);
    const fresh = createDriver(cluster.config(), { installation: 'fc' });
    const idle = await asked();
    await fresh.observe([], signal);
    await fresh.observe([{ name: 'wf-fc-c-1', clusterJobId: null }], signal);
    await fresh.close();
    expect((await asked()) - idle).toBe(0);
  });

  /** Maintenance of its only node in four minutes, which is before the end of any job that begins now. */
  describe('with a reservation', () => {
    const untilThen = 4 * minute;
    let reservedFrom: number;
    const reservation = (...words: readonly string[]) =>
      cluster.slurm.client('scontrol', [...words]);

    beforeAll(async () => {
      reservedFrom = Date.now() + untilThen;
      await reservation(
        'create',
        'reservation',
        'reservationname=maintenance',
        `starttime=now+${untilThen / 1000}`,
        'duration=30',
        'nodes=cn01',
        `users=${cluster.slurm.ssh.user}`,
        'flags=maint,ignore_jobs',
      );
      await driver.cancel(
        ['wf-fc-b-1', 'wf-fc-c-1'].map((name) => ({ name, clusterJobId: null })),
        signal,
      );
    });
    afterAll(async () => {
      await reservation('delete', 'reservationname=maintenance').catch(() => undefined);
    });

    test('a job that runs keeps its end, and one more would start when the reservation is over', async () => {
      const { clusterJob } = await sight('wf-fc-a-1', ({ clusterJob: seen }) => seen !== null);
      const lasts = (clusterJob?.endsAt ?? 0) - (clusterJob?.startedAt ?? 0);
      expect(clusterJob?.state).toBe('running');
      expect(lasts).toBe(request.walltimeSeconds * 1000);
      await until('the place of another to be free', async () => {
        const { sightings } = await driver.observe([], signal);
        const active = [...sightings.values()].filter(({ clusterJob: one }) =>
          ['pending', 'running', 'completing'].includes(one?.state ?? ''),
        );
        return active.length === 1 ? true : null;
      });
      const planned = (await driver.forecast(request, signal)) ?? 0;
      expect(planned).toBeGreaterThanOrEqual(reservedFrom + 29 * minute);
    });

    test('a job that does not fit before it waits, and says why; made shorter it runs, and its end is the new one', async () => {
      const { clusterJobId } = await driver.submit(job('wf-fc-d-1'), signal);
      const waiting = await sight('wf-fc-d-1', ({ clusterJob }) =>
        /ReqNodeNotAvail|Reserv/.test(clusterJob?.reason ?? ''),
      );
      expect(waiting.clusterJob).toMatchObject({ state: 'pending', startedAt: null, endsAt: null });
      // An operator lets SLURM cut it as far as it takes to fit before the reservation.
      await reservation('update', `jobid=${clusterJobId}`, 'TimeMin=1');
      const { clusterJob } = await sight(
        'wf-fc-d-1',
        (seen) => seen.clusterJob?.state === 'running' && seen.clusterJob.endsAt !== null,
      );
      expect(clusterJob?.clusterJobId).toBe(clusterJobId);
      expect(clusterJob?.endsAt).toBeLessThanOrEqual(reservedFrom + 5_000);
      expect(clusterJob?.endsAt).toBeGreaterThan(clusterJob?.startedAt ?? Number.POSITIVE_INFINITY);
    });
  });

  test('a sinfo that fails tells nothing, and keeps nobody from seeing the jobs', async () => {
    await writeFile(join(folder, 'broken'), '');
    const fresh = createDriver(cluster.config(), { installation: 'fc' });
    const ref = { name: 'wf-fc-a-1', clusterJobId: null };
    const { sightings } = await fresh.observe([ref], signal);
    await fresh.close();
    await rm(join(folder, 'broken'));
    expect(sightings.get(ref.name)?.clusterJob).toMatchObject({
      state: 'running',
      nodeLeaving: null,
    });
  });
});
