import { describe, expect, test } from '@jest/globals';
import type { Job, JobPhase } from '@wakefield/domain';
import { captureLog } from '@wakefield/testkit';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';
import type { LogNews } from './ports/log-board.ts';
import { createLogTurns, readLog } from './read-log.ts';

const never = new AbortController().signal;

function jobAt(phase: JobPhase, change: Partial<Job> = {}): Job {
  return { id: 'j', name: 'wf-x-1', cluster: 'here', clusterJobId: '7', phase, ...change } as Job;
}

function scene(job: Job | null, read: ClusterDriver['readLog'], claimed = true) {
  let now = 1_000;
  const told: { readonly news: LogNews; readonly againMs: number }[] = [];
  const driver = { name: 'here', readLog: read } as Partial<ClusterDriver> as ClusterDriver;
  const deps = {
    jobs: { get: async () => job },
    drivers: new Map([['here', driver]]),
    logBoard: {
      claim: async () => (claimed ? { token: 't', known: 42 } : null),
      tell: async (_id: string, _claim: object, news: LogNews, againMs: number) => {
        told.push({ news, againMs });
      },
    },
    logTurns: createLogTurns(),
    clock: { now: () => now },
    log: captureLog(),
  };
  return {
    told,
    deps,
    run: () => readLog(deps, 'j', never),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const piece = { source: 'job', from: 42, bytes: Buffer.from('new\n') } as const;

describe('a read of a log', () => {
  test('goes on where the board ends, and tells what came', async () => {
    const asked: unknown[] = [];
    const { told, run } = scene(jobAt('ready'), async (job, from, bytes) => {
      asked.push([job, from, bytes]);
      return piece;
    });
    await run();
    expect(asked).toEqual([[{ name: 'wf-x-1', clusterJobId: '7' }, 42, 1 << 20]]);
    const news = { at: 1_000, piece, isOver: false, failure: null };
    expect(told).toEqual([{ news, againMs: 1_000 }]);
  });

  test('is somebody else’s where they have it', async () => {
    const { told, run } = scene(jobAt('ready'), () => Promise.reject(new Error('asked')), false);
    await run();
    expect(told).toEqual([]);
  });

  test.each([
    [0, 1_000],
    [250, 1_000],
    [2_000, 8_000],
    [19_000, 15_000],
  ])('that took %d ms is followed by a pause of %d ms', async (tookMs, againMs) => {
    const world = scene(jobAt('ready'), async () => {
      world.pass(tookMs);
      return piece;
    });
    await world.run();
    expect(world.told).toMatchObject([{ againMs }]);
  });

  test('of a job that was over before is the last for a while', async () => {
    const { told, run } = scene(jobAt('ended'), async () => piece);
    await run();
    expect(told).toMatchObject([{ news: { isOver: true, piece }, againMs: 50_000 }]);
  });

  test('asks no cluster for what it has not got', async () => {
    const asked = async () => {
      throw new Error('asked');
    };
    const waiting = scene(jobAt('intended', { clusterJobId: null }), asked);
    await waiting.run();
    expect(waiting.told).toMatchObject([{ news: { piece: null, isOver: false, failure: null } }]);
    const queued = scene(jobAt('queued'), asked);
    await queued.run();
    expect(queued.told).toEqual(waiting.told);
    const gone = scene(null, asked);
    await gone.run();
    expect(gone.told).toMatchObject([{ news: { piece: null, isOver: true, failure: null } }]);
  });

  test('that fails says why, and leaves what is known', async () => {
    const silent = scene(jobAt('ended'), async () => {
      throw new ClusterError('unreachable', 'login.here: connect ETIMEDOUT');
    });
    await silent.run();
    const failure = 'cluster here: login.here: connect ETIMEDOUT';
    expect(silent.told).toMatchObject([{ news: { piece: null, failure }, againMs: 1_000 }]);
    const removed = scene(jobAt('ready', { cluster: 'gone' }), async () => piece);
    await removed.run();
    expect(removed.told[0]?.news.failure).toMatch(/^cluster gone is not in the configuration/);
  });

  test('that meets a fault of ours fails', async () => {
    const { told, run } = scene(jobAt('ready'), () => Promise.reject(new TypeError('a fault')));
    await expect(run()).rejects.toThrow('a fault');
    expect(told).toEqual([]);
  });
});

describe('turns', () => {
  const tick = () => new Promise((resolve) => setImmediate(resolve));

  test('come to two at once for each cluster, first come, first served', async () => {
    const turns = createLogTurns();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const read = (name: string, cluster = 'here', signal = never) =>
      turns.take(cluster, signal, async () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        ends.push(resolve);
        await promise;
      });
    const leaving = new AbortController();
    const all = [
      read('a'),
      read('b'),
      read('c', 'here', leaving.signal),
      read('d'),
      read('e', 'there'),
    ];
    const left = expect(all[2]).rejects.toMatchObject({ kind: 'unreachable' });
    await tick();
    expect(begun).toEqual(['a', 'b', 'e']);
    leaving.abort();
    await left;
    ends[0]?.();
    await tick();
    expect(begun).toEqual(['a', 'b', 'e', 'd']);
    for (const end of ends) end();
    await Promise.allSettled(all);
    const again = [read('f'), read('g'), read('h')];
    await tick();
    expect(begun.slice(4)).toEqual(['f', 'g']);
    for (const end of ends) end();
    await tick();
    for (const end of ends) end();
    await Promise.all(again);
  });
});
