import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createDriver, loadClusters } from '@wakefield/cluster';
import { createDemandBoard } from '@wakefield/queue';
import { cuttableLine, sampleSpec, until } from '@wakefield/testkit';
import { openProcessGround, type ProcessGround, simulatorRecipe } from '../test/process.ts';

jest.setTimeout(90_000);

const MODEL = 'acme/small';

/** One scheduler process on real stores, with jobs that are processes of this machine. */
interface Scene extends ProcessGround {
  readonly directory: string;
  readonly children: ChildProcess[];
  start(
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly child: ChildProcess; readonly opsUrl: string }>;
  jobs(): Promise<readonly Record<string, unknown>[]>;
  /** Names of the jobs that the cluster has ever taken. */
  onCluster(): Promise<readonly string[]>;
}

let scene: Scene;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  const ground = await openProcessGround();
  const directory = await mkdtemp(join(tmpdir(), 'wakefield-scheduler-'));
  const clusters = join(directory, 'clusters.yaml');
  await writeFile(clusters, clustersFile(directory));
  const children: ChildProcess[] = [];
  scene = {
    ...ground,
    directory,
    children,
    start: async (env = {}) => {
      const { PATH } = process.env;
      const child = ground.fork({ PATH, WAKEFIELD_CLUSTERS: clusters, ...env });
      children.push(child);
      const ended = once(child, 'exit').then(([code]) => {
        throw new Error(`the scheduler ended with ${code}:\n${ground.output().slice(-2_000)}`);
      });
      ended.catch(() => undefined);
      const [message] = (await Promise.race([once(child, 'message'), ended])) as [
        { type: string; opsUrl: string },
      ];
      expect(message.type).toBe('ready');
      return { child, opsUrl: message.opsUrl };
    },
    jobs: () =>
      ground.store.sql('select phase, outcome, cluster_job_id, name from jobs order by seq'),
    onCluster: async () =>
      (await readdir(join(directory, 'jobs')).catch(() => [])).filter(
        (name) => !name.startsWith('.'),
      ),
  };
});

afterEach(async () => {
  for (const child of scene.children) if (child.exitCode === null) child.kill('SIGKILL');
  await endJobs();
  for (const close of closers.splice(0)) await close();
  await scene.close();
  await rm(scene.directory, { recursive: true, force: true });
});

function clustersFile(directory: string): string {
  const cadence = { busy: '100ms', quiet: '300ms' };
  const here = { kind: 'local', directory, cadence, recipes: { simulator: simulatorRecipe } };
  return JSON.stringify({ clusters: { here } });
}

/** Jobs outlive schedulers, but not the test. */
async function endJobs(): Promise<void> {
  const { clusters } = await loadClusters(join(scene.directory, 'clusters.yaml'));
  const signal = AbortSignal.timeout(20_000);
  for (const cluster of clusters) {
    const driver = createDriver(cluster, { installation: scene.redis.installation });
    const active = async () =>
      [...(await driver.observe([], signal)).sightings.values()].flatMap(({ clusterJob }) =>
        clusterJob?.state === 'pending' || clusterJob?.state === 'running' ? [clusterJob] : [],
      );
    await driver.cancel(await active(), signal);
    await until(async () => (await active()).length === 0, 20_000);
    await driver.close();
  }
}

async function status(url: string): Promise<number> {
  return (await fetch(url)).status;
}

async function wake(loadSeconds = 0): Promise<void> {
  const spec = sampleSpec({
    hfModelId: MODEL,
    gpuCount: 0,
    resources: { nodes: 1, cpus: null, memory: null },
    engineArgs: { load_seconds: loadSeconds },
  });
  await scene.wish({ kind: 'activate', cluster: 'here' });
  await scene.wish({ kind: 'register', spec });
  await scene.wish({ kind: 'wake', hfModelId: MODEL });
}

describe('the process', () => {
  test('tells that it is ready, works, answers its probes, and ends in time', async () => {
    const { child, opsUrl } = await scene.start();
    expect(await status(`${opsUrl}/livez`)).toBe(200);
    expect(await status(`${opsUrl}/readyz`)).toBe(200);
    await wake();
    await until(async () => (await scene.jobs())[0]?.phase === 'ready', 30_000);
    // Counted right after it was written down.
    const counted = /wakefield_wake_duration_seconds_count\{[^}]*phase="total"[^}]*\} 1/;
    const metrics = async () => await (await fetch(`${opsUrl}/metrics`)).text();
    await until(async () => counted.test(await metrics()), 10_000);
    expect(await metrics()).toMatch(/wakefield_jobs\{[^}]*phase="ready"[^}]*\} 1/);
    const askedAt = Date.now();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(Date.now() - askedAt).toBeLessThan(9_000);
    // The engine outlives whoever started it.
    expect(await scene.jobs()).toMatchObject([{ phase: 'ready' }]);
    const [key] = await scene.store.sql('select engine_key from jobs');
    expect(scene.output()).not.toContain(String(key?.engine_key));
  });

  test('is not ready while a store is away, stays alive, and recovers by itself', async () => {
    const line = await cuttableLine(scene.store.url, 5432);
    closers.push(line.cut);
    const { opsUrl } = await scene.start({ DATABASE_URL: line.url });
    await scene.redis.kill();
    await until(async () => (await status(`${opsUrl}/readyz`)) === 503, 15_000);
    expect(await status(`${opsUrl}/livez`)).toBe(200);
    expect((await fetch(`${opsUrl}/metrics`)).status).toBe(200);
    await scene.redis.start();
    await until(async () => (await status(`${opsUrl}/readyz`)) === 200, 15_000);
    await line.cut();
    await until(async () => (await status(`${opsUrl}/readyz`)) === 503, 15_000);
    await line.mend();
    await until(async () => (await status(`${opsUrl}/readyz`)) === 200, 15_000);
    await wake();
    await until(async () => (await scene.jobs())[0]?.phase === 'ready', 30_000);
  });

  test('starts while Redis is away, and works once it is there', async () => {
    await scene.redis.kill();
    const { opsUrl } = await scene.start();
    expect(await status(`${opsUrl}/readyz`)).toBe(503);
    await scene.redis.start();
    await wake();
    await until(async () => (await scene.jobs())[0]?.phase === 'ready', 30_000);
  });

  test('ends with 78 and names what is wrong with its configuration', async () => {
    await expect(scene.start({ DATABASE_URL: '', DRAIN_TIMEOUT: 'soon' })).rejects.toThrow(
      /ended with 78[\s\S]*DATABASE_URL: has to be set[\s\S]*DRAIN_TIMEOUT/,
    );
  });
});

test('a drained job is asked to end when its last request is over, not at the next sweep', async () => {
  await scene.start();
  const board = createDemandBoard(scene.client, { settleMs: 0 });
  await wake();
  await until(async () => (await scene.jobs())[0]?.phase === 'ready', 30_000);
  const [row] = await scene.store.sql('select id, model_id from jobs');
  const report = (running: number) =>
    board.publish('proxy', {
      models: new Map([
        [
          String(row?.model_id),
          {
            running,
            held: 0,
            average: running,
            peak: running,
            lastRequestAt: Date.now(),
            runningByJob: { [String(row?.id)]: running },
          },
        ],
      ]),
    });
  await report(1);
  await scene.wish({ kind: 'sleep', hfModelId: MODEL });
  await until(async () => (await scene.jobs())[0]?.phase === 'draining', 10_000);
  await report(0);
  const endedAt = Date.now();
  await until(async () => {
    const [job] = await scene.store.sql('select end_asked_at from jobs');
    return job?.end_asked_at !== null;
  }, 10_000);
  const tookMs = Date.now() - endedAt;
  // One second is what the plan says; sweeps come every five.
  expect(tookMs).toBeLessThan(3_500);
});

describe('a scheduler that is killed', () => {
  test('at many moments of a wake leaves one job, which the next one brings up', async () => {
    let { child } = await scene.start();
    await wake(1);
    for (let kills = 0; kills < 4; kills += 1) {
      await new Promise((resolve) => setTimeout(resolve, 60 + kills * 120));
      child.kill('SIGKILL');
      await once(child, 'exit');
      ({ child } = await scene.start());
    }
    await until(async () => (await scene.jobs())[0]?.phase === 'ready', 60_000);
    const jobs = await scene.jobs();
    expect(jobs).toHaveLength(1);
    expect(await scene.onCluster()).toEqual([jobs[0]?.name]);
  });

  test('while a model goes to sleep leaves nothing running', async () => {
    let { child } = await scene.start({ DRAIN_TIMEOUT: '2' });
    await wake();
    await until(async () => (await scene.jobs())[0]?.phase === 'ready', 30_000);
    await scene.wish({ kind: 'sleep', hfModelId: MODEL });
    await until(async () => (await scene.jobs())[0]?.phase !== 'ready', 10_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    ({ child } = await scene.start({ DRAIN_TIMEOUT: '2' }));
    await until(async () => (await scene.jobs())[0]?.phase === 'ended', 60_000);
    expect(await scene.jobs()).toMatchObject([{ outcome: 'as_asked' }]);
  });
});
