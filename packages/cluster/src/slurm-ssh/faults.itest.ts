import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { smallJob, until } from '../conformance/scene.ts';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(60_000);

const signal = new AbortController().signal;
let counter = 0;
const newName = () => `wf-flt-${process.pid.toString(16)}${(++counter).toString(16)}-1`;

function job(change: Partial<JobSubmission> = {}): JobSubmission {
  const script = '#!/bin/bash\necho run >> runs\nsleep 600\n';
  return smallJob({ name: newName(), script, secretFiles: { key: 'k' }, ...change });
}

const ref = (name: string, clusterJobId: string | null = null) => ({ name, clusterJobId });

describe('a private SLURM that misbehaves', () => {
  let cluster: TestSlurm;
  let shims: string;
  let driver: ClusterDriver;
  const extra: ClusterDriver[] = [];

  const open = (change: Readonly<Record<string, unknown>> = {}) => {
    const made = createDriver(cluster.config(change), { installation: 'flt' });
    extra.push(made);
    return made;
  };
  /** State and id of every job of that name that the controller knows. */
  const known = async (name: string) => {
    const text = await cluster.slurm.client('squeue', [
      '-h',
      '-t',
      'all',
      '-n',
      name,
      '-o',
      '%A %T',
    ]);
    return text.trim() === '' ? [] : text.trim().split('\n');
  };

  beforeAll(async () => {
    shims = await mkdtemp(join(tmpdir(), 'wf-shims-'));
    // Gives a test the time to break something between the look at the queue and the submission.
    const slow =
      '#!/bin/sh\n[ ! -e "$(dirname "$0")/slow" ] || sleep 1\nexec /usr/bin/sbatch "$@"\n';
    await writeFile(join(shims, 'sbatch'), slow, { mode: 0o755 });
    // What a login shell prints, and what it sets, must not matter. Logins get a home of their own, because
    // whoever runs this may have a profile that runs programs of its own.
    const profile =
      'echo "--- WELCOME ---"\necho "quota: 99 percent" >&2\nexport LOGIN_SECRET=no\n';
    await writeFile(join(shims, '.bashrc'), profile);
    cluster = await startTestSlurm({
      loginEnvironment: {
        PATH: `${shims}:/usr/local/bin:/usr/bin:/bin`,
        SBATCH_PARTITION: 'nonsense',
        SBATCH_EXPORT: 'ALL',
        SQUEUE_FORMAT: '%i',
        SLURM_TIME_FORMAT: 'relative',
      },
    });
    driver = open();
  });
  afterEach(async () => {
    await rm(join(shims, 'slow'), { force: true });
    await cluster.slurm.client('scancel', ['-u', cluster.slurm.ssh.user]);
  });
  afterAll(async () => {
    for (const made of extra) await made.close();
    await rm(shims, { recursive: true, force: true });
    expect(await cluster.stop()).toEqual([]);
  });

  test.each<[string, Partial<JobSubmission>, Readonly<Record<string, unknown>>, RegExp]>([
    [
      'a partition that is not there',
      {},
      { partition: 'nope' },
      /invalid partition specified: nope/,
    ],
    [
      'a time over the limit',
      { walltimeSeconds: 2 * 86_400 },
      {},
      /Requested time limit is invalid/,
    ],
    ['too many nodes', { nodes: 9, gpuCount: 9 }, {}, /Node count specification invalid/],
    ['too many GPUs', { gpuCount: 9 }, {}, /Requested node configuration is not available/],
    ['too much memory', { memory: '9T' }, {}, /Memory specification can not be satisfied/],
    [
      'too many processors',
      { cpus: 999 },
      {},
      /node configuration is not available|More processors/,
    ],
    ['a feature that is not there', {}, { constraint: 'quantum' }, /Invalid feature specification/],
    [
      'a bad reservation',
      {},
      { options: { reservation: 'no' } },
      /Requested reservation is invalid/,
    ],
    ['a bad memory size', { memory: 'much' }, {}, /Invalid --mem specification/],
  ])('refuses %s', async (_, change, defaults, words) => {
    const submission = job(change);
    const other = open({ defaults });
    await expect(other.submit(submission, signal)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(words),
    });
    expect(await other.find(submission.name, signal)).toBeNull();
  });

  test('quotes the cluster about a project that it does not take', async () => {
    const projects = { bad: { partition: 'nope' }, good: { partition: 'debug' } };
    const other = open({ projects });
    await expect(other.accepts('bad', signal)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/invalid partition specified: nope/),
    });
    await expect(other.accepts('good', signal)).resolves.toBeUndefined();
  });

  test('keeps to the limits of the configuration', async () => {
    const other = open({ limits: { jobs: 1, walltime: '1h', gpusPerJob: 2 } });
    await expect(other.submit(job({ walltimeSeconds: 3601 }), signal)).rejects.toThrow('3600 s');
    await expect(other.submit(job({ gpuCount: 3 }), signal)).rejects.toThrow('at most 2 GPUs');
    const first = job();
    await other.submit(first, signal);
    await expect(other.submit(job(), signal)).rejects.toMatchObject({
      kind: 'no_room',
      message: expect.stringContaining('has 1 jobs already'),
    });
    expect((await other.submit(first, signal)).adopted).toBe(true);
  });

  test('takes nothing from the login but where SLURM is', async () => {
    const submission = job({ script: '#!/bin/bash\nenv > env.new; mv env.new env\nsleep 60\n' });
    await driver.submit(submission, signal);
    const environment = await until('the job to run', () =>
      cluster.read(`jobs/${submission.name}/env`),
    );
    expect(environment).not.toMatch(/LOGIN_SECRET|SBATCH_|SQUEUE_/);
    const { sightings } = await driver.observe([ref(submission.name)], signal);
    const { clusterJob } = sightings.get(submission.name) ?? {};
    expect(clusterJob).toMatchObject({ state: 'running', node: expect.stringMatching(/^cn0/) });
    expect(Math.abs((clusterJob?.startedAt ?? 0) - Date.now())).toBeLessThan(20_000);
  });

  test('logs in again after the connection was cut', async () => {
    await driver.observe([], signal);
    await cluster.slurm.daemons.dropSshConnections();
    await until('the next look', async () => {
      try {
        return await driver.observe([], signal);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'unreachable' });
        return null;
      }
    });
  });

  test('says unreachable when the connection breaks in the middle, and finds the job afterwards', async () => {
    await writeFile(join(shims, 'slow'), '');
    const submission = job();
    const submitting = driver.submit(submission, signal);
    await until('sbatch to be near', async () => cluster.read(`jobs/${submission.name}/script`));
    await cluster.slurm.daemons.dropSshConnections();
    await expect(submitting).rejects.toMatchObject({ kind: 'unreachable' });
    // sbatch goes on without us.
    await until('the job', async () => ((await known(submission.name)).length > 0 ? true : null));
    expect((await driver.submit(submission, signal)).adopted).toBe(true);
    expect(await known(submission.name)).toHaveLength(1);
  });

  test('is unreachable while sshd is away, and well again afterwards', async () => {
    const other = open();
    await cluster.slurm.daemons.dropSshConnections();
    await cluster.slurm.daemons.end('sshd', 'SIGKILL');
    await expect(other.observe([], signal)).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/connection refused/),
    });
    // Within the back-off the answer comes at once and is the same.
    const asked = performance.now();
    await expect(other.observe([], signal)).rejects.toMatchObject({ kind: 'unreachable' });
    expect(performance.now() - asked).toBeLessThan(50);
    await cluster.slurm.daemons.start('sshd');
    await until('it to be back', () => other.observe([], signal).catch(() => null));
  });

  test('a frozen controller leaves a submission in doubt, and exactly one job', async () => {
    await writeFile(join(shims, 'slow'), '');
    const submission = job();
    const submitting = driver.submit(submission, signal);
    const doubt = expect(submitting).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/Socket timed out/),
    });
    await until('sbatch to be near', async () => cluster.read(`jobs/${submission.name}/script`));
    cluster.slurm.daemons.freeze('slurmctld');
    try {
      await doubt;
    } finally {
      cluster.slurm.daemons.thaw('slurmctld');
    }
    await until('the job', async () => ((await known(submission.name)).length > 0 ? true : null));
    expect((await driver.submit(submission, signal)).adopted).toBe(true);
    expect(await known(submission.name)).toHaveLength(1);
  });

  test('a controller that is away means unreachable, not empty', async () => {
    const submission = job();
    await driver.submit(submission, signal);
    await cluster.slurm.daemons.end('slurmctld', 'SIGTERM');
    try {
      for (const call of [
        driver.observe([ref(submission.name)], signal),
        driver.find(submission.name, signal),
        driver.submit(submission, signal),
        driver.cancel([ref(submission.name)], signal),
        driver.askToEnd([ref(submission.name)], signal),
        driver.accepts('demo', signal),
      ])
        await expect(call).rejects.toMatchObject({ kind: 'unreachable' });
    } finally {
      await cluster.slurm.daemons.start('slurmctld');
    }
    expect((await driver.submit(submission, signal)).adopted).toBe(true);
  });

  test('an id that is given out twice is not taken for the same job', async () => {
    const { daemons, directory } = cluster.slurm;
    const state = join(directory, 'state');
    const before = join(directory, 'state.before');
    await daemons.end('slurmctld', 'SIGTERM');
    await cp(state, before, { recursive: true });
    await daemons.start('slurmctld');
    const lost = job();
    const { clusterJobId } = await driver.submit(lost, signal);
    // Dies before it has written down the job; its state is as it was.
    await daemons.end('slurmctld', 'SIGKILL');
    await rm(state, { recursive: true });
    await cp(before, state, { recursive: true });
    await daemons.start('slurmctld');
    await until('the controller', () => driver.observe([], signal).catch(() => null));
    const other = job();
    const again = await driver.submit(other, signal);
    expect(again).toEqual({ clusterJobId, adopted: false });
    const { sightings } = await driver.observe([ref(lost.name, clusterJobId)], signal);
    expect(sightings.get(lost.name)?.clusterJob).toBeNull();
    await driver.cancel([ref(lost.name, clusterJobId)], signal);
    expect((await driver.find(other.name, signal))?.state).toMatch(/pending|running/);
  });
});
