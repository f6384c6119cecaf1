import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClusterDriver, JobRef, JobSubmission } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { smallJob, until } from '../conformance/scene.ts';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(60_000);

const signal = new AbortController().signal;
let counter = 0;

function job(): JobSubmission {
  const name = `wf-dbl-${process.pid.toString(16)}${(++counter).toString(16)}-1`;
  return smallJob({ name, script: '#!/bin/bash\nsleep 600\n', secretFiles: { key: 'k' } });
}

/** One job for one name, whoever asks for it, how often, and however far an earlier try has come. */
describe('a private SLURM, asked twice', () => {
  let cluster: TestSlurm;
  let shims: string;
  const drivers: ClusterDriver[] = [];
  const surplus: JobRef[] = [];

  const open = () => {
    const driver = createDriver(cluster.config(), {
      installation: 'dbl',
      onSurplus: (jobs) => surplus.push(...jobs),
    });
    drivers.push(driver);
    return driver;
  };
  /** @param gate a file as long as which it stands still; else it does so for three seconds */
  const slow = (program: string, gate = '') => writeFile(join(shims, `slow-${program}`), gate);
  const fast = (program: string) => rm(join(shims, `slow-${program}`), { force: true });
  /** Ids of the jobs of that name that are not over. */
  const live = async (name: string) => {
    const text = await cluster.slurm.client('squeue', ['-h', '-n', name, '-o', '%A']);
    return text.trim().split('\n').filter(Boolean).sort();
  };
  const lockOf = (name: string) => join(cluster.workingDirectory, 'jobs', `.${name}.lock`);
  const holderOf = (name: string) => cluster.read(`jobs/.${name}.lock/holder`);
  const age = (name: string, seconds: number) => {
    const then = Date.now() / 1000 - seconds;
    return utimes(join(lockOf(name), 'holder'), then, then);
  };

  beforeAll(async () => {
    shims = await mkdtemp(join(tmpdir(), 'wf-shims-'));
    // What stands still does so before it submits, and after it has looked.
    const stand = (program: string) =>
      `stand() { gate=$(cat '${shims}/slow-${program}' 2>/dev/null) || return 0; [ -n "$gate" ] && : >"$gate.reached" || sleep 3; while [ -n "$gate" ] && [ -e "$gate" ]; do sleep 0.1; done; }`;
    const shim = (program: string, before: string, after: string) =>
      writeFile(
        join(shims, program),
        `#!/bin/sh\n${stand(program)}\n${before}\n/usr/bin/${program} "$@"; code=$?\n${after}\nexit $code\n`,
        { mode: 0o755 },
      );
    await shim('sbatch', 'stand', '');
    await shim('squeue', '', 'stand');
    cluster = await startTestSlurm({
      loginEnvironment: { PATH: `${shims}:/usr/local/bin:/usr/bin:/bin` },
    });
  });
  afterEach(async () => {
    await fast('sbatch');
    await fast('squeue');
    await cluster.slurm.client('scancel', ['-u', cluster.slurm.ssh.user]);
    surplus.length = 0;
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close();
    await rm(shims, { recursive: true, force: true });
    expect(await cluster.stop()).toEqual([]);
  });

  test('tries again at once while the first try, cut off, still goes on', async () => {
    const driver = open();
    await slow('sbatch');
    const submission = job();
    const first = driver.submit(submission, signal);
    await until('sbatch to be near', () => cluster.read(`jobs/${submission.name}/script`));
    await cluster.slurm.daemons.dropSshConnections();
    await expect(first).rejects.toMatchObject({ kind: 'unreachable' });
    const words: string[] = [];
    const second = await until('an answer', () =>
      driver.submit(submission, signal).catch((error: unknown) => {
        expect(error).toMatchObject({ kind: 'unreachable' });
        words.push((error as Error).message);
        return null;
      }),
    );
    expect(words.join()).toMatch(/an earlier submission of .* is still going on/);
    expect(second.adopted).toBe(true);
    expect(await live(submission.name)).toEqual([second.clusterJobId]);
    expect(await holderOf(submission.name)).toBeNull();
  });

  test('takes one of several at the same time', async () => {
    const submission = job();
    const answers = await Promise.allSettled(
      [open(), open(), open()].flatMap((driver) => [
        driver.submit(submission, signal),
        driver.submit(submission, signal),
      ]),
    );
    expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject({ kind: 'unreachable' });
    expect(await live(submission.name)).toHaveLength(1);
  });

  test('waits for a holder, and takes over from one that is long dead', async () => {
    const driver = open();
    const submission = job();
    await mkdir(lockOf(submission.name), { recursive: true });
    await writeFile(join(lockOf(submission.name), 'holder'), 'somebody 40\n');
    await expect(driver.submit(submission, signal)).rejects.toMatchObject({ kind: 'unreachable' });
    await age(submission.name, 30);
    await expect(driver.submit(submission, signal)).rejects.toMatchObject({ kind: 'unreachable' });
    await age(submission.name, 45);
    const taken = await Promise.allSettled(
      [open(), open(), driver].map((each) => each.submit(submission, signal)),
    );
    expect(taken.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await live(submission.name)).toHaveLength(1);
  });

  test('who was overtaken while he stood still submits nothing', async () => {
    const [sleeper, other] = [open(), open()];
    const submission = job();
    const gate = join(shims, 'gate');
    await writeFile(gate, '');
    await slow('squeue', gate);
    const first = sleeper.submit(submission, signal);
    const doubt = expect(first).rejects.toMatchObject({ kind: 'unreachable' });
    await until('him to stand still', async () => existsSync(`${gate}.reached`) || null);
    await fast('squeue');
    await age(submission.name, 3_600);
    const { clusterJobId, adopted } = await other.submit(submission, signal);
    expect(adopted).toBe(false);
    await cluster.slurm.client('scancel', [clusterJobId]);
    await rm(gate);
    await doubt;
    expect(await live(submission.name)).toEqual([]);
  });

  test('a submission in doubt is not repeated before it had time to show', async () => {
    const driver = open();
    const submission = job();
    const sbatch = join(shims, 'sbatch');
    const says = `#!/bin/sh\necho 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2\nexit 1\n`;
    await rm(sbatch);
    await writeFile(sbatch, says, { mode: 0o755 });
    await expect(driver.submit(submission, signal)).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/Socket timed out/),
    });
    await rm(sbatch);
    await writeFile(sbatch, '#!/bin/sh\nexec /usr/bin/sbatch "$@"\n', { mode: 0o755 });
    // Twenty seconds; a busy machine may take some of them for a try.
    for (const seconds of [0, 14]) {
      await age(submission.name, seconds);
      await expect(driver.submit(submission, signal)).rejects.toMatchObject({
        kind: 'unreachable',
        message: expect.stringMatching(/still going on/),
      });
    }
    await age(submission.name, 21);
    expect((await driver.submit(submission, signal)).adopted).toBe(false);
    await driver.forget([submission.name], signal);
    expect(await holderOf(submission.name)).toBeNull();
  });

  test('of two of one name, the one that has the directory stays, the other is ended by its id', async () => {
    const driver = open();
    const submission = job();
    const { clusterJobId } = await driver.submit(submission, signal);
    await cluster.slurm.client('sbatch', [
      `--job-name=${submission.name}`,
      '--output=/dev/null',
      '--wrap=sleep 600',
    ]);
    await cluster.slurm.client('sbatch', ['-J', 'other', '-o', '/dev/null', '--wrap=sleep 600']);
    const [one = '', two = ''] = await live(submission.name);
    expect(one).toBe(clusterJobId);
    const directory = join(cluster.workingDirectory, 'jobs', submission.name);
    await writeFile(join(directory, 'owner'), `${two}\n`);
    const { sightings } = await driver.observe(
      [{ name: submission.name, clusterJobId: one }],
      signal,
    );
    expect(sightings.get(submission.name)?.clusterJob?.clusterJobId).toBe(two);
    expect(surplus).toEqual([{ name: submission.name, clusterJobId: one }]);
    await until('the surplus to end', async () =>
      (await live(submission.name)).length === 1 ? true : null,
    );
    expect(await live(submission.name)).toEqual([two]);
    expect(await live('other')).toHaveLength(1);
    await driver.observe([], signal);
    expect(surplus).toHaveLength(1);
  });
});
