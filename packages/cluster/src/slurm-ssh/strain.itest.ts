import { execFile } from 'node:child_process';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { until } from '../conformance/scene.ts';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(90_000);

const run = promisify(execFile);
const signal = new AbortController().signal;
let counter = 0;

function job(lines = 'sleep 600'): JobSubmission {
  return {
    name: `wf-str-${process.pid.toString(16)}${(++counter).toString(16)}-1`,
    project: 'demo',
    engine: 'simulator',
    script: `#!/bin/bash\n${lines}\n`,
    secretFiles: { key: 'k' },
    walltimeSeconds: 600,
    gpuCount: 1,
    nodes: 1,
    cpus: null,
    memory: null,
  };
}

/** A controller that is too busy, full or forgetful; a disk that is full. */
describe('a private SLURM under strain', () => {
  let cluster: TestSlurm;
  let shims: string;
  let driver: ClusterDriver;
  const extra: ClusterDriver[] = [];
  const mostJobs = 3;

  const open = (change: Readonly<Record<string, unknown>> = {}) => {
    const made = createDriver(cluster.config(change), { installation: 'str' });
    extra.push(made);
    return made;
  };
  /** What squeue does instead, until `mend`. */
  const spoil = (line: string) => writeFile(join(shims, 'spoilt'), `${line}\n`);
  const mend = () => rm(join(shims, 'spoilt'), { force: true });
  const calls = async () => {
    const text = await run('cat', [join(shims, 'calls')]).catch(() => ({ stdout: '' }));
    return text.stdout.split('\n').filter(Boolean);
  };
  /** Ids of all jobs of that name that the controller knows. */
  const known = async (name: string) => {
    const args = ['-h', '-t', 'all', '-n', name, '-o', '%A'];
    return (await cluster.slurm.client('squeue', args)).trim().split('\n').filter(Boolean);
  };

  beforeAll(async () => {
    shims = await mkdtemp(join(tmpdir(), 'wf-shims-'));
    const squeue = `#!/bin/bash\necho begin >>'${shims}/calls'\n[ ! -e '${shims}/spoilt' ] || . '${shims}/spoilt'\n/usr/bin/squeue "$@"; code=$?\necho end >>'${shims}/calls'\nexit $code\n`;
    await writeFile(join(shims, 'squeue'), squeue, { mode: 0o755 });
    cluster = await startTestSlurm({
      loginEnvironment: { PATH: `${shims}:/usr/local/bin:/usr/bin:/bin` },
      // A record goes some seconds after its job has ended, and there is no accounting to ask instead.
      minJobAge: 2,
      extra: [`MaxJobCount=${mostJobs}`],
    });
    driver = open();
  });
  afterEach(async () => {
    await mend();
    await cluster.slurm.client('scancel', ['-u', cluster.slurm.ssh.user]);
    await until(
      'an empty queue',
      async () =>
        (await cluster.slurm.client('squeue', ['-h', '-t', 'all'])).trim() === '' ? true : null,
      60_000,
    );
  });
  afterAll(async () => {
    for (const made of extra) await made.close();
    await rm(shims, { recursive: true, force: true });
    expect(await cluster.stop()).toEqual([]);
  });

  test('"temporarily unable to accept job": in doubt, not refused, and one job when there is room', async () => {
    // SLURM keeps one place of MaxJobCount free (job_mgr.c).
    const others = [job(), job()];
    for (const one of others) await driver.submit(one, signal);
    const hasty = open({ timeouts: { submit: '10s' } });
    const submission = job();
    // sbatch says so, and goes on trying by itself until it is ended.
    await expect(hasty.submit(submission, signal)).rejects.toMatchObject({ kind: 'unreachable' });
    expect(await known(submission.name)).toEqual([]);
    await cluster.slurm.client('scancel', others.map(({ name }) => `--name=${name}`).slice(0, 1));
    await until(
      'room',
      async () => ((await known(others[0]?.name ?? '')).length === 0 ? true : null),
      60_000,
    );
    // What is in doubt is left alone for a while; the while is over.
    const holder = join(cluster.workingDirectory, 'jobs', `.${submission.name}.lock`, 'holder');
    const then = Date.now() / 1000 - 21;
    await utimes(holder, then, then);
    const { clusterJobId } = await driver.submit(submission, signal);
    expect(await known(submission.name)).toEqual([clusterJobId]);
  });

  test('a queue that answers after ten seconds is waited for, by one call at a time', async () => {
    const submission = job();
    const { clusterJobId } = await driver.submit(submission, signal);
    await spoil('sleep 10');
    await rm(join(shims, 'calls'), { force: true });
    const patient = open({ timeouts: { command: '30s' } });
    const ref = { name: submission.name, clusterJobId };
    const { sightings } = await patient.observe([ref], signal);
    expect(sightings.get(submission.name)?.clusterJob).toMatchObject({ clusterJobId });
    expect(await calls()).toEqual(['begin', 'end']);
  });

  test('one that answers too late means unreachable, and leaves nothing running on the login node', async () => {
    await spoil('sleep 10');
    const hasty = open({ timeouts: { command: '2s' } });
    await expect(hasty.observe([], signal)).rejects.toMatchObject({ kind: 'unreachable' });
    await mend();
    await until('the next look', () => hasty.observe([], signal).catch(() => null));
  });

  test('a limited rate of calls means unreachable, not empty', async () => {
    const submission = job();
    const { clusterJobId } = await driver.submit(submission, signal);
    await spoil(
      "echo 'slurm_load_jobs error: Rate limit exceeded, please retry momentarily' >&2; exit 1",
    );
    const ref = { name: submission.name, clusterJobId };
    for (const call of [
      () => driver.observe([ref], signal),
      () => driver.find(submission.name, signal),
      () => driver.submit(submission, signal),
      () => driver.cancel([ref], signal),
    ])
      await expect(call()).rejects.toMatchObject({ kind: 'unreachable' });
    await mend();
    expect(await known(submission.name)).toEqual([clusterJobId]);
  });

  test('a job whose record is purged is told by its own record, and its name is not run again', async () => {
    const submission = job(
      `echo "$SLURM_JOB_ID" >owner; echo '{"exitCode":3,"cause":"engine","at":1}' >exit.json; exit 3`,
    );
    const { clusterJobId } = await driver.submit(submission, signal);
    await until(
      'the purge',
      async () => ((await known(submission.name)).length === 0 ? true : null),
      60_000,
    );
    const ref = { name: submission.name, clusterJobId };
    const { sightings } = await driver.observe([ref], signal);
    expect(sightings.get(submission.name)).toMatchObject({
      clusterJob: null,
      exit: { exitCode: 3, cause: 'engine' },
    });
    // Somebody who never heard of its id tries again.
    expect(await driver.submit(submission, signal)).toEqual({ clusterJobId, adopted: true });
    expect(await known(submission.name)).toEqual([]);
  });

  test.each([
    ['ahead', 300_000],
    ['behind', -300_000],
  ])('our clock five minutes %s of the cluster: its times are told by ours', async (_, offMs) => {
    const now = () => Date.now() + offMs;
    const skewed = createDriver(cluster.config(), { installation: 'str', now });
    extra.push(skewed);
    const submission = job();
    await skewed.submit(submission, signal);
    const ref = { name: submission.name, clusterJobId: null };
    const seen = await until('it to run', async () => {
      const { sightings } = await skewed.observe([ref], signal);
      const found = sightings.get(submission.name)?.clusterJob ?? null;
      return found?.state === 'running' ? found : null;
    });
    expect(Math.abs((seen.startedAt ?? 0) - now())).toBeLessThan(30_000);
    expect(Math.abs((seen.endsAt ?? 0) - (now() + 600_000))).toBeLessThan(30_000);
  });

  test('a full disk: nothing is submitted, and the words are those of the disk', async () => {
    const small = join(cluster.workingDirectory, 'small');
    await run('mkdir', ['-p', small]);
    const isMounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', small]).then(
      () => true,
      () => false,
    );
    // Only root may make a disk that is full: for everybody else it is one that takes nothing at all.
    if (!isMounted) await run('chmod', ['500', small]);
    try {
      const full = open({ workingDirectory: small });
      const submission = { ...job(), script: `#!/bin/bash\n# ${'x'.repeat(65_536)}\nsleep 600\n` };
      await expect(full.submit(submission, signal)).rejects.toMatchObject({
        kind: 'misconfigured',
        message: expect.stringMatching(/No space left on device|Permission denied/),
      });
      expect(await known(submission.name)).toEqual([]);
      const { sightings } = await full.observe(
        [{ name: submission.name, clusterJobId: null }],
        signal,
      );
      expect(sightings.get(submission.name)?.clusterJob ?? null).toBeNull();
    } finally {
      if (isMounted) await run('umount', ['-l', small]);
    }
  });
});
