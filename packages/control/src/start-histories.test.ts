import { beforeEach, describe, expect, test } from '@jest/globals';
import { captureLog, SAMPLE_NOW, sampleModel, sampleSpec } from '@wakefield/testkit';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';
import { createStartHistories, type StartHistories } from './start-histories.ts';

const minute = 60_000;
const model = sampleModel({ id: 'm1', project: 'p' });

let now: number;
let reads: string[];
let asked: string[];
let waits: number[];
let answer: () => Promise<number | null>;
let histories: StartHistories;

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
  histories = createStartHistories({
    jobs: {
      readWaits: async (cluster, shape, since, newest) => {
        expect(since).toBe(now - 14 * 86_400_000);
        reads.push(`${cluster} ${shape} ${newest}`);
        return { waits, waitingSince: [], abandoned: [] };
      },
    },
    drivers: new Map(['here', 'there'].map((name) => [name, driver(name)])),
    clock: { now: () => now },
    log: captureLog(),
  });
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
    const patient = histories.read(model, ['here'], 10_000);
    tell(SAMPLE_NOW + 1);
    expect((await patient).here?.trial).toEqual({ askedAt: SAMPLE_NOW, startsAt: SAMPLE_NOW + 1 });
  });
});
