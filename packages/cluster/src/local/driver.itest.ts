import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ClusterDriver, JobSubmission } from '@wakefield/control';
import type { ClusterJobState } from '@wakefield/domain';
import { localConfig } from '../../test/local.ts';
import type { LocalConfig } from '../config/local.ts';
import { smallJob } from '../conformance/scene.ts';
import { createLocalDriver } from './driver.ts';
import { jobProcesses } from './process-table.ts';
import { readJob } from './records.ts';
import { stopLocalJobs } from './stop-local-jobs.ts';

let directory: string;
let drivers: ClusterDriver[] = [];
const signal = AbortSignal.timeout(120_000);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wakefield-local-'));
});
afterEach(async () => {
  await stopLocalJobs(open(), AbortSignal.timeout(20_000));
  await Promise.all(drivers.map((driver) => driver.close()));
  drivers = [];
  await rm(directory, { recursive: true });
});

function open(change: Partial<LocalConfig> = {}): ClusterDriver {
  const config = localConfig(directory, { killWait: 500, ...change });
  const driver = createLocalDriver(config, { installation: 't' });
  drivers.push(driver);
  return driver;
}

function job(seq: number, lines: string, change: Partial<JobSubmission> = {}): JobSubmission {
  const script = `#!/bin/bash\n${lines}\n`;
  const secretFiles = { key: 'secret-key\n' };
  return smallJob({ name: `wf-t-0000-${seq}`, script, secretFiles, ...change });
}

const ref = (seq: number) => ({ name: `wf-t-0000-${seq}`, clusterJobId: null });
const pathOf = (seq: number, file: string) => join(directory, 'jobs', `wf-t-0000-${seq}`, file);
const read = (seq: number, file: string) => readFile(pathOf(seq, file), 'utf8').catch(() => '');

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${holds}`);
    await sleep(20);
  }
}

async function state(driver: ClusterDriver, seq: number): Promise<ClusterJobState | undefined> {
  return (await driver.find(ref(seq).name, signal))?.state;
}

async function untilState(driver: ClusterDriver, seq: number, wanted: ClusterJobState) {
  await until(async () => {
    await driver.observe([], signal);
    return (await state(driver, seq)) === wanted;
  });
}

describe('jobs outlive the driver', () => {
  test('a new driver finds them, sees them end, and can end them', async () => {
    const first = open();
    await first.submit(job(1, 'echo up > up; while [ ! -e go ]; do sleep 0.05; done'), signal);
    await first.submit(job(2, 'echo up > up; sleep 600'), signal);
    await until(async () => (await read(1, 'up')) !== '' && (await read(2, 'up')) !== '');
    await first.close();
    drivers = [];

    const second = open();
    expect(await state(second, 1)).toBe('running');
    expect((await second.submit(job(1, 'exit 1'), signal)).adopted).toBe(true);
    await writeFile(pathOf(1, 'go'), '');
    await untilState(second, 1, 'completed');
    await second.cancel([ref(2)], signal);
    await untilState(second, 2, 'cancelled');
    expect(jobProcesses(ref(2).name, null)).toEqual([]);
  });

  test('the walltime is kept while nobody looks', async () => {
    const first = open();
    await first.submit(job(1, 'echo up > up; sleep 600', { walltimeSeconds: 1 }), signal);
    await until(async () => (await read(1, 'up')) !== '');
    await first.close();
    drivers = [];
    await until(async () => jobProcesses(ref(1).name, null).length === 0);
    await untilState(open(), 1, 'timeout');
  });

  test('a driver that died between a submission and its start leaves a job that still starts', async () => {
    // What is on the disk then: everything but the records of start and run.
    const driver = open({ slots: 1 });
    await driver.submit(job(1, 'sleep 600'), signal);
    await driver.submit(job(2, 'echo up > up'), signal);
    await driver.close();
    drivers = [];
    const next = open({ slots: 2 });
    expect(await state(next, 2)).toBe('pending');
    await untilState(next, 2, 'completed');
  });
});

describe('a place in the queue', () => {
  test('jobs beyond the slots wait, in order, and start by themselves', async () => {
    const driver = open({ slots: 1 });
    for (const seq of [1, 2, 3]) {
      await driver.submit(job(seq, `echo ${seq} >> ../order; sleep 0.3`), signal);
    }
    expect([await state(driver, 2), await state(driver, 3)]).toEqual(['pending', 'pending']);
    const { sightings } = await driver.observe([ref(3)], signal);
    expect(sightings.get(ref(3).name)?.clusterJob).toMatchObject({
      reason: 'Resources',
      node: null,
      startedAt: null,
    });
    // Nobody observes: the driver notices by itself that a place became free.
    const order = () => readFile(join(directory, 'jobs', 'order'), 'utf8').catch(() => '');
    await until(async () => (await order()) === '1\n2\n3\n');
  });

  test('a waiting job is cancelled without ever running, by cancel and by askToEnd', async () => {
    const driver = open({ slots: 1 });
    await driver.submit(job(1, 'sleep 600'), signal);
    await driver.submit(job(2, 'touch ran'), signal);
    await driver.submit(job(3, 'touch ran'), signal);
    await driver.cancel([ref(2)], signal);
    await driver.askToEnd([ref(3)], signal);
    expect([await state(driver, 2), await state(driver, 3)]).toEqual(['cancelled', 'cancelled']);
    await driver.cancel([ref(1)], signal);
    await untilState(driver, 1, 'cancelled');
    await driver.observe([], signal);
    expect(await readdir(pathOf(2, ''))).not.toContain('ran');
    expect(await readdir(pathOf(3, ''))).not.toContain('ran');
  });

  test('GPUs are counted and given out', async () => {
    const driver = open({ gpus: 3 });
    const tell = 'echo "$CUDA_VISIBLE_DEVICES" > gpus.new; mv gpus.new gpus; sleep 600';
    await driver.submit(job(1, tell, { gpuCount: 2 }), signal);
    await driver.submit(job(2, tell), signal);
    await driver.submit(job(3, tell), signal);
    await until(async () => (await read(1, 'gpus')) !== '' && (await read(2, 'gpus')) !== '');
    expect([await read(1, 'gpus'), await read(2, 'gpus')]).toEqual(['0,1\n', '2\n']);
    expect(await state(driver, 3)).toBe('pending');
    await driver.cancel([ref(1)], signal);
    await until(async () => (await read(3, 'gpus')) !== '');
    expect(await read(3, 'gpus')).toBe('0\n');
    await expect(driver.submit(job(4, '', { gpuCount: 4 }), signal)).rejects.toMatchObject({
      kind: 'refused',
    });
  });

  test('two drivers on one directory start every job once', async () => {
    const [one, two] = [open({ slots: 4 }), open({ slots: 4 })];
    const seqs = Array.from({ length: 8 }, (_, index) => index + 1);
    const answers = await Promise.all(
      seqs.flatMap((seq) =>
        [one, two].map((driver) => driver.submit(job(seq, 'echo run >> runs'), signal)),
      ),
    );
    expect(answers.filter(({ adopted }) => !adopted)).toHaveLength(8);
    for (const seq of seqs) await untilState(one, seq, 'completed');
    for (const seq of seqs) expect(await read(seq, 'runs')).toBe('run\n');
  });

  test('the configured limits refuse', async () => {
    const limits = { jobs: 1, walltime: 60_000, gpusPerJob: 2 };
    const driver = open({ limits });
    await expect(driver.submit(job(1, '', { gpuCount: 3 }), signal)).rejects.toThrow('2 GPUs');
    await expect(driver.submit(job(1, ''), signal)).rejects.toThrow('60 seconds');
    const short = { walltimeSeconds: 60 };
    await driver.submit(job(1, 'sleep 600', short), signal);
    await expect(driver.submit(job(2, '', short), signal)).rejects.toMatchObject({
      kind: 'no_room',
      message: expect.stringContaining('has 1 jobs already'),
    });
    expect((await driver.submit(job(1, '', short), signal)).adopted).toBe(true);
  });
});

describe('nothing is left behind', () => {
  test('not even processes that left the session', async () => {
    const driver = open();
    const breakOut =
      'setsid sleep 600 & setsid bash -c "trap \\"\\" TERM; while :; do sleep 1; done" &';
    await driver.submit(job(1, `${breakOut}\necho up > up; sleep 600`), signal);
    await driver.submit(job(2, `${breakOut}\nsleep 0.2; exit 0`), signal);
    await until(async () => (await read(1, 'up')) !== '');
    expect(jobProcesses(ref(1).name, null).length).toBeGreaterThan(3);
    await driver.cancel([ref(1)], signal);
    await untilState(driver, 1, 'cancelled');
    await untilState(driver, 2, 'completed');
    expect(jobProcesses(ref(1).name, null)).toEqual([]);
    expect(jobProcesses(ref(2).name, null)).toEqual([]);
  });

  test('a job whose runner was killed is ended and told as a failed node', async () => {
    const driver = open();
    await driver.submit(job(1, 'echo up > up; trap "" TERM; sleep 600'), signal);
    await until(async () => (await read(1, 'up')) !== '');
    const runner = (await readJob(join(directory, 'jobs'), ref(1).name))?.run?.runner;
    process.kill(runner?.pid ?? 0, 'SIGKILL');
    await untilState(driver, 1, 'node_failed');
    expect(jobProcesses(ref(1).name, null)).toEqual([]);
  });

  test('a pid that was given to somebody else is not touched', async () => {
    const driver = open();
    await driver.submit(job(1, 'sleep 600'), signal);
    const record = pathOf(1, '.batch/run.json');
    await until(async () => (await read(1, '.batch/shell.json')) !== '');
    const run = JSON.parse(await readFile(record, 'utf8')) as { runner: { pid: number } };
    process.kill(run.runner.pid, 'SIGKILL');
    const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
    const id = { pid: bystander.pid, start: 'another-boot:1' };
    await writeFile(record, JSON.stringify({ ...run, runner: id }));
    await writeFile(pathOf(1, '.batch/shell.json'), JSON.stringify(id));
    await driver.askToEnd([ref(1)], signal);
    await driver.cancel([ref(1)], signal);
    await untilState(driver, 1, 'node_failed');
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill('SIGKILL');
  });

  test('a lock whose holder died is taken over', async () => {
    await mkdir(join(directory, 'jobs'));
    const dead = { pid: 1, start: 'another-boot:1', token: 'x' };
    await writeFile(join(directory, 'jobs', '.lock'), JSON.stringify(dead));
    const driver = open();
    await driver.submit(job(1, 'true'), signal);
    await untilState(driver, 1, 'completed');
    expect(await readdir(join(directory, 'jobs'))).toEqual([ref(1).name]);
  });

  test('the key is in no command line and no environment', async () => {
    const driver = open();
    await driver.submit(job(1, 'echo up > up; sleep 600'), signal);
    await until(async () => (await read(1, 'up')) !== '');
    const pids = jobProcesses(ref(1).name, null);
    expect(pids.length).toBeGreaterThan(1);
    for (const pid of pids) {
      expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('secret-key');
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('secret-key');
    }
  });

  test('forget leaves live jobs alone', async () => {
    const driver = open();
    await driver.submit(job(1, 'sleep 600'), signal);
    await driver.forget([ref(1).name, '../..', ''], signal);
    expect(await state(driver, 1)).toMatch(/pending|running/);
  });

  test('a job that its signals kill says so', async () => {
    const driver = open();
    await driver.submit(job(1, 'kill -9 $$'), signal);
    await untilState(driver, 1, 'failed');
    expect(await driver.find(ref(1).name, signal)).toMatchObject({
      reason: 'RaisedSignal:SIGKILL',
    });
  });
});
