import { afterEach, describe, expect, it } from '@jest/globals';
import { defaultLimitRules, type LimitRules, type QueueRules } from '@wakefield/domain';
import { type BusyEngine, startBusyEngine } from '../test/busy-engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

/** Requests that the engine works on at a time: so many of them end in the time that one takes. */
const atOnce = 4;
const patienceMs = 20_000;
const never = 3_600_000;

let proxy: Harness | null = null;
let engine: BusyEngine | null = null;
afterEach(async () => {
  await proxy?.stop(AbortSignal.abort());
  await engine?.close();
  proxy = null;
  engine = null;
});

interface Scene {
  readonly proxy: Harness;
  readonly engine: BusyEngine;
  /** A request of this caller. */
  ask(who: string, init?: RequestInit, body?: object): Promise<Response>;
  /** So many of them. */
  asks(who: string, count: number): Promise<number[]>;
  /** Resolves when so many wait in the proxy. */
  queued(count: number): Promise<void>;
  /** Resolves when so many are at the engine. */
  sent(count: number): Promise<void>;
  /** The engine is done with one, and has begun the next of which there is one. */
  step(): Promise<void>;
}

/** One engine that has shown what it takes; callers are known by their names. */
async function scene(
  queue: Partial<QueueRules> | null = {},
  more: Partial<LimitRules> = {},
  settings: Parameters<typeof startHarness>[0] = {},
): Promise<Scene> {
  const rules: LimitRules = {
    ...defaultLimitRules,
    queue: queue === null ? null : { surplus: 2, perModel: 1000, waitMs: never, ...queue },
    ...more,
  };
  const busy = await startBusyEngine(atOnce);
  const harness = await startHarness(
    { limits: rules, held: { perModel: 1000, perProcess: 2000 }, ...settings },
    { placeMs: rules.queue?.waitMs ?? never, holdMs: never },
    undefined,
    {
      identifier: {
        identify: (authorization) => ({
          kind: 'user',
          id: authorization?.replace('Bearer ', '') ?? '',
          grants: [{ project: 'demo', role: 'user' }],
        }),
      },
    },
  );
  [proxy, engine] = [harness, busy];
  harness.route('a/b', {
    state: 'ready',
    idle: false,
    endpoints: [{ ...endpoint(busy.port, 'job-1'), capacity: atOnce }],
  });
  await harness.caughtUp();
  const ask: Scene['ask'] = (who, init = {}, body = {}) =>
    chat(
      harness.url,
      { user: who, ...body },
      { ...init, headers: { authorization: `Bearer ${who}`, ...init.headers } },
    );
  const reaches = (metric: string, count: number) =>
    until(`${metric} ${count}`, async () => (await harness.metric(metric)) === count, patienceMs);
  return {
    proxy: harness,
    engine: busy,
    ask,
    // Those that are left at the end of a test fail with its proxy.
    asks: (who, count) =>
      Promise.all(
        Array.from({ length: count }, () =>
          ask(who).then(
            ({ status }) => status,
            () => 0,
          ),
        ),
      ),
    queued: (count) => reaches('wakefield_queued_requests', count),
    sent: (count) => reaches('wakefield_requests_in_flight', count),
    step: async () => {
      const before = busy.begun.length;
      busy.finishOne();
      await until('the next has begun', () => busy.begun.length > before, patienceMs);
    },
  };
}

describe('where the engines of a model are full', () => {
  it.each([
    ['none in the queue of the engine', 1],
    ['as many as it runs', 2],
  ])(
    'a light caller waits about as long as one request takes, beside one with a hundred: %s',
    async (_, surplus) => {
      const { asks, queued, step, engine: busy } = await scene({ surplus });
      void asks('heavy', 100);
      const waiting = 100 - atOnce * surplus;
      await queued(waiting);
      let served = 0;
      for (let count = 1; count <= 5; count += 1) {
        void asks('light', 1);
        await queued(waiting - served + 1);
        let ended = 0;
        while (busy.begun.filter((who) => who === 'light').length < count) {
          await step();
          ended += 1;
        }
        // In the time that one request takes as many end as the engine works on.
        expect(ended / atOnce).toBeLessThanOrEqual(surplus - 0.25);
        served += ended - 1;
        await queued(waiting - served);
      }
      expect(busy.mostWaiting()).toBeLessThanOrEqual(atOnce * (surplus - 1));
    },
    60_000,
  );

  it('without turns a light caller waits behind all that came before', async () => {
    const { asks, step, sent, engine: busy } = await scene(null);
    void asks('heavy', 40);
    await sent(40);
    void asks('light', 1);
    await sent(41);
    let ended = 0;
    for (; !busy.begun.includes('light'); ended += 1) await step();
    expect(ended / atOnce).toBeGreaterThanOrEqual(9);
  }, 60_000);

  it('callers with weights 1 and 3 get 1:3 of the engine, within 10 %', async () => {
    const weights = new Map([['three', 3]]);
    const { asks, queued, step, engine: busy } = await scene({ surplus: 1 }, { weights });
    void asks('one', 100);
    await queued(100 - atOnce);
    void asks('three', 100);
    await queued(200 - atOnce);
    for (let count = 0; count < 120; count += 1) await step();
    const counted = busy.begun.slice(atOnce);
    const three = counted.filter((who) => who === 'three').length;
    expect(three / (counted.length - three)).toBeGreaterThan(2.7);
    expect(three / (counted.length - three)).toBeLessThan(3.3);
  }, 60_000);

  it('one caller alone loses nothing: each place is taken as soon as it is free', async () => {
    const { asks, queued, step, engine: busy } = await scene({ surplus: 1 }, {}, { tickMs: never });
    const answers = asks('only', 40);
    await queued(40 - atOnce);
    // Nothing but the end of another brings the next, and it never takes more than that.
    for (let count = atOnce; count < 40; count += 1) await step();
    busy.finishAll();
    expect(await answers).toEqual(Array(40).fill(200));
  }, 60_000);
});

describe('a request that waits for a place', () => {
  const places = 2 * atOnce;
  const fill = async ({ asks, sent }: Scene): Promise<{ readonly answers: Promise<number[]> }> => {
    const answers = asks('a', places);
    await sent(places);
    return { answers };
  };

  it('is a running one to whoever scales', async () => {
    const own = await scene();
    const { answers: running } = await fill(own);
    const more = own.asks('b', 3);
    await own.queued(3);
    const told = () => [...(own.proxy.demand()?.models.values() ?? [])][0];
    await until('told', () => told()?.running === places + 3 && told()?.held === 0, patienceMs);
    expect(told()?.runningByJob).toEqual({ 'job-1': places });
    expect(await own.proxy.metric('wakefield_held_requests')).toBe(0);
    own.engine.finishAll();
    await Promise.all([running, more]);
    await own.queued(0);
    expect(await own.proxy.metric('wakefield_queue_seconds_count{outcome="served"')).toBe(3);
  }, 60_000);

  it('is out when its client is', async () => {
    const own = await scene();
    const { answers: running } = await fill(own);
    const leaving = new AbortController();
    const gone = own.ask('b', { signal: leaving.signal });
    await own.queued(1);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await own.queued(0);
    own.engine.finishAll();
    await running;
    expect(own.engine.begun).not.toContain('b');
  }, 60_000);

  it('is kept company when it streams', async () => {
    const own = await scene();
    await fill(own);
    // Its headers come while it waits.
    const answer = await own.ask('b', {}, { stream: true });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    own.engine.finishAll();
    expect(await answer.text()).toMatch(/^: wakefield state=busy elapsed=\d+s\n\n/);
  }, 60_000);

  it('is sent away when it has waited long enough, or as long as its client likes', async () => {
    const own = await scene({ waitMs: 300 });
    const { answers: running } = await fill(own);
    const answers = await Promise.all([
      own.ask('b', { headers: { prefer: 'wait=0' } }),
      own.ask('b'),
    ]);
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
      expect(await answer.json()).toMatchObject({
        error: { code: 'overloaded', message: 'The engines of this model are full.' },
      });
    }
    own.engine.finishAll();
    expect(await running).toEqual(Array(places).fill(200));
  }, 60_000);

  it('is refused where its caller has too many, and another is not', async () => {
    const own = await scene({ perModel: 10 });
    const { answers: running } = await fill(own);
    const answers = Array.from({ length: 10 }, () => own.ask('greedy'));
    await own.queued(8);
    const other = own.ask('modest');
    await own.queued(9);
    own.engine.finishAll();
    const refused = (await Promise.all(answers)).filter(({ status }) => status === 429);
    expect(refused).toHaveLength(2);
    for (const answer of refused) {
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(await answer.json()).toMatchObject({
        error: { code: 'rate_limit_exceeded', type: 'requests' },
      });
    }
    expect((await other).status).toBe(200);
    await running;
    expect(
      await own.proxy.metric('wakefield_rate_limited_total{limit="queue",scope="principal"'),
    ).toBe(2);
  }, 60_000);

  it('goes to an engine that comes', async () => {
    const own = await scene();
    const { answers: running } = await fill(own);
    const first = own.asks('b', 1);
    await own.queued(1);
    const second = await startBusyEngine(atOnce);
    second.finishAll();
    const old = { ...endpoint(own.engine.port, 'job-1'), capacity: atOnce };
    own.proxy.route('a/b', { endpoints: [old, { ...endpoint(second.port), capacity: atOnce }] });
    expect(await first).toEqual([200]);
    expect(second.begun).toEqual(['b']);
    own.engine.finishAll();
    await running;
    await second.close();
  }, 60_000);

  it('waits for the model where its engines go, and for a place again where they come', async () => {
    const own = await scene();
    const { answers: running } = await fill(own);
    const more = own.asks('b', places);
    await own.queued(places);
    // Its job drains: it gets nothing new, and finishes what it has.
    own.proxy.finishing('job-1');
    own.proxy.route('a/b', { endpoints: [] });
    await own.queued(0);
    expect(await own.proxy.metric('wakefield_held_requests')).toBe(places);
    for (let count = 0; count < places; count += 1) own.engine.finishOne();
    expect(await running).toEqual(Array(places).fill(200));
    const back = { ...endpoint(own.engine.port, 'job-2'), capacity: 1 };
    own.proxy.route('a/b', { endpoints: [back] });
    await own.queued(places - 2);
    own.engine.finishAll();
    expect(await more).toEqual(Array(places).fill(200));
  }, 60_000);
});
