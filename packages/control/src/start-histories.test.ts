import { beforeEach, describe, expect, test } from '@jest/globals';
import { captureLog, SAMPLE_NOW, sampleModel, sampleSpec } from '@wakefield/testkit';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';
import type { TrialBoard } from './ports/messaging.ts';
import { createStartHistories, type StartHistories } from './start-histories.ts';

const minute = 60_000;
const model = sampleModel({ id: 'm1', project: 'p' });

let now: number;
let reads: string[];
let asked: string[];
let waits: number[];
let answer: () => Promise<number | null>;
let trials: TrialBoard;
let histories: StartHistories;

/** As the one on Redis, by the clock of the test. */
function trialBoard(): TrialBoard {
  const entries = new Map<string, { readonly value: unknown; readonly until: number }>();
  const get = (key: string) => {
    const entry = entries.get(key);
    return entry !== undefined && now < entry.until ? entry.value : undefined;
  };
  const set = (key: string, value: unknown, ms: number) =>
    entries.set(key, { value, until: now + ms });
  return {
    claim: async ({ cluster, shape }, lifeMs, paceMs) => {
      if (get(`asked ${cluster} ${shape}`) !== undefined) return 'asked';
      if (get(`pace ${cluster}`) !== undefined) return 'later';
      set(`asked ${cluster} ${shape}`, 'asking', lifeMs);
      set(`pace ${cluster}`, true, paceMs);
      return 'granted';
    },
    tell: async ({ cluster, shape }, trial, againMs) => {
      set(`asked ${cluster} ${shape}`, 'answered', againMs);
      set(`said ${cluster} ${shape}`, trial, 2 * againMs);
    },
    read: async ({ cluster, shape }) => ({
      state: (get(`asked ${cluster} ${shape}`) ?? 'unasked') as 'unasked' | 'asking' | 'answered',
      trial: (get(`said ${cluster} ${shape}`) ?? null) as {
        askedAt: number;
        startsAt: number;
      } | null,
    }),
  };
}

const scheduler = (): StartHistories =>
  createStartHistories({
    jobs: {
      readWaits: async (cluster, shape, since, newest) => {
        expect(since).toBe(now - 14 * 86_400_000);
        reads.push(`${cluster} ${shape} ${newest}`);
        return { waits, waitingSince: [], abandoned: [] };
      },
    },
    trials,
    drivers: new Map(['here', 'there'].map((name) => [name, driver(name)])),
    clock: { now: () => now },
    log: captureLog(),
  });

const driver = (name: string) =>
  ({
    name,
    queueOf: (project: string) => `gpu-${project}`,
    forecast: async ({ gpuCount }: { gpuCount: number }) => {
      asked.push(`${name} ${gpuCount}`);
      return await answer();
    },
  }) as unknown as ClusterDriver;
/** Lets what is under way in the background come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  now = SAMPLE_NOW;
  reads = [];
  asked = [];
  waits = [];
  answer = async () => now + 5 * minute;
  trials = trialBoard();
  histories = scheduler();
});

describe('what is known of waits', () => {
  test('is read by cluster and shape; a cluster that is not configured has none', async () => {
    waits = [7];
    expect(await histories.read(model, ['here', 'there', 'gone', 'here'])).toEqual({
      here: { waits: [7], waitingSince: [], abandoned: [], trial: null },
      there: { waits: [7], waitingSince: [], abandoned: [], trial: null },
    });
    const shape = 'q=gpu-p g=1 n=1 c=- m=64G t=1h';
    expect(reads).toEqual([`here ${shape} 50`, `there ${shape} 50`]);
  });

  test('is read once for many models of a shape, and again after a while', async () => {
    await Promise.all([histories.read(model, ['here']), histories.read(model, ['here'])]);
    await histories.read({ ...model, id: 'm2' }, ['here']);
    expect(reads).toHaveLength(1);
    await histories.read({ ...model, spec: sampleSpec({ gpuCount: 4 }) }, ['here']);
    expect(reads).toHaveLength(2);
    now += 5_000;
    await histories.read(model, ['here']);
    expect(reads).toHaveLength(3);
  });
});

describe('a cluster is asked', () => {
  const trial = async () => (await histories.read(model, ['here'])).here?.trial;

  test('in the background, once in ten minutes', async () => {
    histories.ask(model, ['here']);
    histories.ask(model, ['here']);
    await settle();
    expect(asked).toEqual(['here 1']);
    expect(await trial()).toEqual({ askedAt: SAMPLE_NOW, startsAt: SAMPLE_NOW + 5 * minute });
    now += 9 * minute;
    histories.ask(model, ['here']);
    expect(asked).toHaveLength(1);
    now += minute;
    histories.ask(model, ['here']);
    await settle();
    expect(await trial()).toEqual({ askedAt: now, startsAt: now + 5 * minute });
  });

  test('not where enough is known', async () => {
    waits = [1, 2, 3, 4, 5];
    await histories.read(model, ['here']);
    histories.ask(model, ['here', 'there', 'gone']);
    await settle();
    expect(asked).toEqual(['there 1']);
  });

  test.each([
    ['does not say', async () => null],
    [
      'fails',
      async () => {
        throw new ClusterError('unreachable', 'silence');
      },
    ],
  ])('one that %s is unknown, and not asked again at once', async (_name, says) => {
    answer = says;
    histories.ask(model, ['here']);
    await settle();
    histories.ask(model, ['here']);
    expect(asked).toHaveLength(1);
    expect(await trial()).toBeNull();
  });

  test('an answer is waited for only by who has the patience, and not for longer', async () => {
    let tell: (at: number) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        tell = resolve;
      });
    histories.ask(model, ['here']);
    expect(await trial()).toBeNull();
    expect((await histories.read(model, ['here'], 20)).here?.trial).toBeNull();
    expect(asked).toHaveLength(1);
    const patient = histories.read(model, ['here'], 10_000);
    tell(SAMPLE_NOW + 1);
    expect((await patient).here?.trial).toEqual({ askedAt: SAMPLE_NOW, startsAt: SAMPLE_NOW + 1 });
  });
});

describe('several schedulers', () => {
  test('ask once, and all know what was said, also while it is being said', async () => {
    let say: (at: number) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        say = resolve;
      });
    const others = [scheduler(), scheduler()];
    for (const one of [histories, ...others]) one.ask(model, ['here']);
    await settle();
    const heard = others.map((one) => one.read(model, ['here'], 10_000));
    say(SAMPLE_NOW + minute);
    const trial = { askedAt: SAMPLE_NOW, startsAt: SAMPLE_NOW + minute };
    for (const { here } of await Promise.all(heard)) expect(here?.trial).toEqual(trial);
    // One that was not there at the time, and has not asked.
    expect((await scheduler().read(model, ['here'])).here?.trial).toEqual(trial);
    expect(asked).toHaveLength(1);
  });

  test.each([1, 2, 7])('%i of them ask no more than one does', async (count) => {
    const shapes = [1, 2, 3, 4].map((gpuCount) => ({ ...model, spec: sampleSpec({ gpuCount }) }));
    const all = Array.from({ length: count }, scheduler);
    const perHour = new Map<string, number>();
    let most = 0;
    for (const end = now + 60 * minute; now < end; now += 1_000) {
      const before = asked.length;
      for (const one of all) for (const shape of shapes) one.ask(shape, ['here', 'there']);
      await settle();
      most = Math.max(most, asked.length - before);
    }
    for (const one of asked) perHour.set(one, (perHour.get(one) ?? 0) + 1);
    // Four shapes on two clusters, each in ten minutes, and one after the other on each cluster.
    expect([...perHour.values()]).toEqual(Array(8).fill(6));
    expect(most).toBe(2);
  });

  test('one that dies over its question keeps the others from asking for half a minute', async () => {
    await trials.claim({ cluster: 'here', shape: 'q=gpu-p g=1 n=1 c=- m=64G t=1h' }, 30_000, 2_000);
    now += 31_000;
    histories.ask(model, ['here']);
    await settle();
    expect(asked).toEqual(['here 1']);
  });
});
