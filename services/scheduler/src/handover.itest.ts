import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createDriver } from '@wakefield/cluster';
import type { DemandBoard } from '@wakefield/control';
import { createDemandBoard } from '@wakefield/queue';
import { sampleSpec, startTestSlurm, type TestSlurm, until } from '@wakefield/testkit';
import { openProcessGround, type ProcessGround, simulatorRecipe } from '../test/process.ts';

jest.setTimeout(180_000);

const MODEL = 'acme/small';
/** On two busy cores. */
const PATIENCE_MS = 100_000;
const DRAIN_TIMEOUT_S = 1;
/** At the simulator's speed 40 s, more than a handover and five times that. */
const STREAM_TOKENS = 4000;

interface Row {
  readonly id: string;
  readonly seq: number;
  readonly phase: string;
  readonly outcome: string | null;
  readonly cluster_job_id: string | null;
  readonly node: string | null;
  readonly address: string | null;
  readonly started: number | null;
  readonly ends: number | null;
  readonly successor_of: string | null;
  readonly shape: string;
}

const query = `select id, seq, phase, outcome, cluster_job_id, node, address_host || ':' || address_port as address,
  extract(epoch from started_at)::float8 as started, extract(epoch from ends_at)::float8 as ends, successor_of, shape
  from jobs order by seq`;

/** One scheduler process and a private SLURM of two nodes, each full with one job of the model. */
describe('on a real SLURM', () => {
  let slurm: TestSlurm;
  let ground: ProcessGround;
  let folder: string;
  let scheduler: ChildProcess;
  let proxy: NodeJS.Timeout;
  /** Requests that the proxy has under way, by job. */
  const runningByJob = new Map<string, number>();

  const rows = async () => (await ground.store.sql(query)) as unknown as readonly Row[];
  const live = async () => (await rows()).filter(({ phase }) => phase !== 'ended');
  const routed = async () => {
    const { routes } = await ground.store.stores.routes.load();
    return routes.flatMap(({ endpoints }) => endpoints);
  };
  /** Waits for it; what is told when it does not come true is what one would look at. */
  const eventually = async (holds: () => Promise<boolean>) =>
    await until(holds, PATIENCE_MS).catch(async (error: Error) => {
      const queue = await slurm.slurm.client('squeue', ['-t', 'all', '-o', '%A %T %r %N %S %e %j']);
      const nodes = await slurm.slurm.client('sinfo', ['-N', '-o', '%N %T %E']);
      const seen = JSON.stringify(await rows(), null, 1);
      throw new Error(
        [error.message, seen, queue, nodes, ground.output().slice(-3_000)].join('\n'),
      );
    });
  /** The one job that there is, once it serves. */
  const alone = async (wish: (row: Row) => boolean = () => true): Promise<Row> => {
    const found: Row[] = [];
    await eventually(async () => {
      const [first, ...others] = await live();
      if (first?.phase !== 'ready' || others.length > 0 || !wish(first)) return false;
      found.push(first);
      return true;
    });
    const [row] = found;
    if (row === undefined) throw new Error('no job');
    return row;
  };
  const tell = async (board: Pick<DemandBoard, 'publish'>) => {
    const id = (await ground.store.stores.models.find('demo', MODEL))?.id ?? '';
    const running = [...runningByJob.values()].reduce((sum, count) => sum + count, 0);
    const lastRequestAt = running > 0 ? Date.now() : null;
    const counts = { running, held: 0, average: running, peak: running, lastRequestAt };
    const told = { ...counts, runningByJob: Object.fromEntries(runningByJob) };
    await board.publish('proxy', { models: new Map(running > 0 ? [[id, told]] : []) });
  };
  const scontrol = (...words: readonly string[]) => slurm.slurm.client('scontrol', [...words]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-handover-'));
    [slurm, ground] = await Promise.all([
      startTestSlurm({
        nodes: ['cn01', 'cn02'].map((name) => ({ name, gres: 'gpu:h200:2', features: '' })),
      }),
      openProcessGround(),
    ]);
    const entry = {
      kind: 'slurm-ssh',
      ...slurm.slurm.ssh,
      workingDirectory: slurm.workingDirectory,
      nodeAddress: { fixed: '127.0.0.1' },
      bindHost: '127.0.0.1',
      cadence: { busy: '200ms', quiet: '500ms' },
      defaults: { partition: 'preempt' },
      recipes: { simulator: simulatorRecipe },
    };
    const clusters = join(folder, 'clusters.yaml');
    await writeFile(clusters, JSON.stringify({ clusters: { slurm: entry } }));
    const board = createDemandBoard(ground.client, { settleMs: 0 });
    // As long as it has no requests, what drains has nothing to wait for.
    proxy = setInterval(() => {
      tell(board).catch(() => undefined);
    }, 500);
    scheduler = ground.fork({
      PATH: process.env.PATH,
      WAKEFIELD_CLUSTERS: clusters,
      DRAIN_TIMEOUT: `${DRAIN_TIMEOUT_S}`,
    });
    const spec = sampleSpec({
      hfModelId: MODEL,
      gpuCount: 2,
      walltimeSeconds: 600,
      idleTimeoutSeconds: 3_600,
      resources: { nodes: 1, cpus: null, memory: null },
      engineArgs: { load_seconds: 1 },
    });
    await ground.wish({ kind: 'activate', cluster: 'slurm' });
    await ground.wish({ kind: 'register', spec });
    await ground.wish({ kind: 'wake', hfModelId: MODEL });
    await alone();
  });
  afterAll(async () => {
    clearInterval(proxy);
    scheduler.kill('SIGKILL');
    const driver = createDriver(slurm.config(), { installation: ground.redis.installation });
    const { sightings } = await driver.observe([], AbortSignal.timeout(20_000));
    const refs = [...sightings.keys()].map((name) => ({ name, clusterJobId: null }));
    await driver.cancel(refs, AbortSignal.timeout(20_000));
    await driver.close();
    await ground.close();
    expect(await slurm.stop()).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  test('a job is put where jobs of its shape wait', async () => {
    expect((await alone()).shape).toBe('q=preempt/// g=2 n=1 c=- m=- t=15m');
  });

  test('drained by the operator: handed over at once to another node, without a gap', async () => {
    const before = await alone();
    await scontrol('update', `nodename=${before.node}`, 'state=drain', 'reason=broken fan');
    let gaps = 0;
    const watch = setInterval(() => {
      routed().then(
        (endpoints) => {
          gaps += endpoints.length === 0 ? 1 : 0;
        },
        () => undefined,
      );
    }, 100);
    const after = await alone(({ id }) => id !== before.id);
    clearInterval(watch);
    expect(after).toMatchObject({ seq: before.seq + 1, successor_of: before.id });
    expect(after.node).not.toBe(before.node);
    expect(gaps).toBe(0);
    const first = (await rows()).find(({ id }) => id === before.id);
    expect(first).toMatchObject({ phase: 'ended', outcome: 'as_asked' });
    await scontrol('update', `nodename=${before.node}`, 'state=resume');
  });

  test('a stream far longer than DRAIN_TIMEOUT survives a handover, and is waited for', async () => {
    const before = await alone();
    const [endpoint] = await routed();
    if (endpoint === undefined) throw new Error('no endpoint');
    const { address, engineKey } = endpoint;
    runningByJob.set(before.id, 1);
    const answer = await fetch(`http://${address.host}:${address.port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${engineKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: MODEL,
        stream: true,
        max_tokens: STREAM_TOKENS,
        ignore_eos: true,
        messages: [{ role: 'user', content: 'Tell me everything.' }],
      }),
    });
    let isOver = false;
    const text = answer.text().finally(() => {
      isOver = true;
    });
    await scontrol('update', `nodename=${before.node}`, 'state=drain', 'reason=broken fan');
    const drained = `select * from jobs where id = '${before.id}' and phase = 'draining'`;
    await eventually(async () => (await ground.store.sql(drained)).length === 1);
    await new Promise((resolve) => setTimeout(resolve, 5 * DRAIN_TIMEOUT_S * 1000));
    // Still at it, and nobody has asked its job to end.
    expect(isOver).toBe(false);
    expect(await ground.store.sql(`${drained} and end_asked_at is null`)).toHaveLength(1);
    expect((await text).slice(-20)).toContain('[DONE]');
    runningByJob.clear();
    const after = await alone(({ id }) => id !== before.id);
    expect(after.successor_of).toBe(before.id);
    await scontrol('update', `nodename=${before.node}`, 'state=resume');
  });

  test('requeued: the same job starts again, and is routed to where it is then', async () => {
    const before = await alone();
    const [route] = await routed();
    await scontrol('update', `jobid=${before.cluster_job_id}`, 'requeue=1');
    await scontrol('requeue', `${before.cluster_job_id}`);
    await eventually(async () => (await routed()).length === 0);
    const after = await alone(({ started }) => started !== before.started);
    expect(after).toMatchObject({ id: before.id, cluster_job_id: before.cluster_job_id });
    const [again] = await routed();
    expect(again?.jobId).toBe(route?.jobId);
    expect(again?.address).not.toEqual(route?.address);
    const [{ wait } = {}] = await ground.store.sql(
      `select extract(epoch from started_at - submitted_at)::float8 as wait from jobs where id = $1`,
      [before.id],
    );
    // Its first run is no part of the wait.
    expect(Number(wait)).toBeLessThan(60);
  });

  test('its time cut short: its new end is known to the proxies, and a successor is there before it', async () => {
    const before = await alone();
    await scontrol('update', `jobid=${before.cluster_job_id}`, 'TimeLimit=2');
    await eventually(async () => {
      const [endpoint] = await routed();
      const left = ((endpoint?.servesUntil ?? 0) - Date.now()) / 1000;
      return left > 0 && left < 120;
    });
    const after = await alone(({ id }) => id !== before.id);
    expect(after.successor_of).toBe(before.id);
    expect(after.started).toBeLessThan((before.started ?? 0) + 120);
  });

  test('given more time: it stays', async () => {
    const before = await alone();
    await scontrol('update', `jobid=${before.cluster_job_id}`, 'TimeLimit=60');
    const after = await alone(({ ends, started }) => (ends ?? 0) - (started ?? 0) > 3_500);
    expect(after.id).toBe(before.id);
  });

  test('preempted: another one is started, which says when it is expected, and serves', async () => {
    const before = await alone();
    const taken = ['-p', 'gpu', '--gres=gpu:2', '-N2', '-t', '1', '--wrap', 'sleep 12'];
    await slurm.slurm.client('sbatch', taken);
    await eventually(async () => (await rows()).some(({ outcome }) => outcome === 'preempted'));
    await eventually(async () => {
      const { routes } = await ground.store.stores.routes.load();
      return routes[0]?.state === 'queued' && routes[0].expectedReady !== null;
    });
    const after = await alone(({ id }) => id !== before.id);
    const [{ first } = {}] = await ground.store.sql(
      'select first_expected as first from jobs where id = $1',
      [after.id],
    );
    expect(first).toMatchObject({ source: expect.stringMatching(/cluster|history|trial/) });
    expect(ground.output()).not.toContain('"level":50');
  });
});
