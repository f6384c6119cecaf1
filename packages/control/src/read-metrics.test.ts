import { describe, expect, test } from '@jest/globals';
import {
  defaultPolicy,
  type EngineMetrics,
  type Job,
  type JobId,
  type JobPatch,
  type JobPhase,
} from '@wakefield/domain';
import { captureLog } from '@wakefield/testkit';
import type { ClusterDriver, Transport } from './ports/cluster.ts';
import { type ReadMetricsDeps, readMetrics } from './read-metrics.ts';

const figures: EngineMetrics = { gpuUtilization: 12, waitingRequests: 1, runningRequests: 2 };
const none: EngineMetrics = { gpuUtilization: null, waitingRequests: null, runningRequests: null };

function job(id: JobId, phase: JobPhase, port: number | null = 20_000): Job {
  const address = port === null ? null : { host: 'cn01', port };
  return {
    id,
    phase,
    modelId: 'm',
    name: `wf-x-${id}`,
    cluster: 'here',
    address,
    reason: null,
    capacity: null,
  } as Job;
}

const here = {
  name: 'here',
  cadence: { busyMs: 2_000, quietMs: 20_000, patienceMs: 40_000 },
  transport: { kind: 'direct' } as Transport,
} as Partial<ClusterDriver> as ClusterDriver;

function scene(metrics: ReadMetricsDeps['prober']['metrics'], publish?: () => Promise<void>) {
  let live: readonly Job[] = [];
  const board = new Map<JobId, EngineMetrics>();
  const learned: [JobId, JobPatch][] = [];
  let now = 1_000_000;
  const answered: [readonly JobId[], number][] = [];
  const log = captureLog();
  const deps: ReadMetricsDeps = {
    drivers: new Map([['here', here]]),
    jobs: {
      listLiveForCluster: async (name) => (name === 'here' ? live : []),
      listEngines: async (ids) =>
        ids.map((jobId) => ({
          jobId,
          engineKey: 'secret',
          engine: 'vllm',
          hfModelId: 'a/b',
          basePath: '',
        })),
      patch: async (id, phases, patch) => {
        expect(phases).toEqual(['ready']);
        learned.push([id, patch]);
        return null;
      },
    },
    prober: { metrics, probe: async () => ({ status: 'ready', capacity: null }) },
    metricsBoard: {
      publish:
        publish ??
        (async (found) => {
          for (const [id, values] of found) board.set(id, values);
        }),
      answered: async (...told) => {
        answered.push(told);
      },
      read: async (ids) => new Map([...board].filter(([id]) => ids.includes(id))),
    },
    policy: defaultPolicy,
    clock: { now: () => now },
    log,
  };
  const read = async (jobs: readonly Job[]) => {
    live = jobs;
    await readMetrics(deps, 'here', signal);
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { deps, read, board, learned, answered, log, pass };
}

const { signal } = new AbortController();

describe('the capacity of an engine', () => {
  test('is learned from a queue that stays, and kept with the job', async () => {
    let now: EngineMetrics = { ...none, waitingRequests: 4, runningRequests: 12 };
    const { read, learned, pass } = scene(async () => now);
    const jobs = [job('a', 'ready'), { ...job('b', 'ready'), capacity: 12 }, job('c', 'draining')];
    await read(jobs);
    now = { ...now, runningRequests: 11 };
    pass(10_000);
    await read(jobs);
    expect(learned).toEqual([]);
    pass(10_000);
    await read(jobs);
    expect(learned).toEqual([['a', { capacity: 12 }]]);
  });

  test('is not learned while the board is away', async () => {
    const { deps, learned, pass } = scene(async () => figures);
    const away = async () => {
      throw new Error('away');
    };
    const listLiveForCluster = async () => [job('a', 'ready')];
    const silent = {
      ...deps,
      jobs: { ...deps.jobs, listLiveForCluster },
      metricsBoard: { ...deps.metricsBoard, read: away },
    };
    for (let look = 0; look < 4; look += 1) {
      await readMetrics(silent, 'here', signal);
      pass(10_000);
    }
    expect(learned).toEqual([]);
  });
});

describe('engine figures', () => {
  test('are read of serving jobs alone', async () => {
    const { read, board } = scene(async () => figures);
    const jobs = (['queued', 'starting', 'ready', 'draining', 'ended'] as const).map((phase) =>
      job(phase, phase),
    );
    await read(jobs);
    expect(Object.fromEntries(board)).toEqual({
      ready: { ...figures, full: { since: 1_000_000, looks: 1, most: 2 } },
      draining: figures,
    });
  });

  test('are nulls where an engine is silent, fails or has no address', async () => {
    const { read, board, answered } = scene(async ({ address }) => {
      if (address.port === 2) return none;
      if (address.port === 1) throw new Error('broken');
      return null;
    });
    const jobs = [
      job('silent', 'ready'),
      job('fails', 'ready', 1),
      job('nowhere', 'ready', null),
      job('speaks', 'ready', 2),
    ];
    await read(jobs);
    expect(Object.fromEntries(board)).toEqual({
      silent: none,
      fails: none,
      nowhere: none,
      speaks: none,
    });
    // For as long as two looks at a silent cluster take.
    expect(answered).toEqual([[['speaks'], 120_000]]);
  });

  test('of many engines are read side by side, but not all at once', async () => {
    let atOnce = 0;
    let most = 0;
    const { read, board } = scene(async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      return figures;
    });
    const jobs = Array.from({ length: 300 }, (_, n) => job(`j${n}`, 'ready'));
    await read(jobs);
    expect(board.size).toBe(300);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(64);
  });

  test('that cannot be published are no failure', async () => {
    const { read, log } = scene(
      async () => figures,
      () => Promise.reject(new Error('away')),
    );
    await read([job('j', 'ready')]);
    expect(log.has('engine figures not published')).toBe(true);
  });
});
