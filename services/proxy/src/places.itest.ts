import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { defaultLimitRules, type LimitRules, type QueueRules } from '@wakefield/domain';
import { type BusyEngine, startBusyEngine } from '../test/busy-engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

const serviceMs = 200;
const atOnce = 4;

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
}

/** One engine that has shown what it takes; callers are known by their names. */
async function scene(
  queue: Partial<QueueRules> | null = {},
  more: Partial<LimitRules> = {},
  settings: Parameters<typeof startHarness>[0] = {},
  eachMs = serviceMs,
): Promise<Scene> {
  const rules: LimitRules = {
    ...defaultLimitRules,
    queue: queue === null ? null : { surplus: 2, perModel: 1000, waitMs: 60_000, ...queue },
    ...more,
  };
  const busy = await startBusyEngine(atOnce, eachMs);
  const placeMs = rules.queue?.waitMs ?? 60_000;
  const harness = await startHarness(
    { limits: rules, held: { perModel: 1000, perProcess: 2000 }, ...settings },
    { placeMs, holdMs: 60_000 },
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
  return { proxy: harness, engine: busy, ask };
}

/** Answers of one caller that sends one request after the other, as long as told. */
async function keepAsking(ask: () => Promise<Response>, goOn: () => boolean): Promise<number> {
  let count = 0;
  while (goOn()) {
    const answer = await ask();
    await answer.arrayBuffer();
    if (answer.status === 200) count += 1;
  }
  return count;
}

/** How long each of a caller's requests took that come at an even pace, in times that the engine takes for one. */
async function paced(ask: () => Promise<Response>, count: number): Promise<number[]> {
  const lengths = Array.from({ length: count }, async (_, index) => {
    await wait(index * serviceMs);
    const startedAt = performance.now();
    const answer = await ask();
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
    return (performance.now() - startedAt) / serviceMs;
  });
  return await Promise.all(lengths);
}

describe('where the engines of a model are full', () => {
  it.each([
    ['none in the queue of the engine', 1],
    ['as many as it runs', 2],
  ])(
    'a light caller waits about as long as one request takes, beside one with a hundred: %s',
    async (_, surplus) => {
      const { ask, engine: busy, proxy: own } = await scene({ surplus });
      const heavy = Array.from({ length: 100 }, () => ask('heavy'));
      await until('the heavy one waits', async () => {
        return (await own.metric('wakefield_queued_requests')) >= 60;
      });
      const light = await paced(() => ask('light'), 8);
      // Its own service, and about one of others; behind the hundred it would be up to twenty-five.
      for (const length of light) expect(length).toBeLessThan(3);
      expect((await Promise.all(heavy)).map(({ status }) => status)).toEqual(Array(100).fill(200));
      expect(busy.mostWaiting()).toBeLessThanOrEqual(atOnce * (surplus - 1));
    },
    30_000,
  );

  it('without turns a light caller waits behind all that came before', async () => {
    const { ask } = await scene(null);
    const heavy = Array.from({ length: 60 }, () => ask('heavy'));
    await until('all are in the engine', () => engine?.waiting() === 60 - atOnce);
    const [length = 0] = await paced(() => ask('light'), 1);
    expect(length).toBeGreaterThan(8);
    await Promise.all(heavy);
  }, 30_000);

  it('callers with weights 1 and 3 get 1:3 of the engine, within 10 %', async () => {
    const { ask, engine: busy } = await scene(
      { surplus: 1 },
      { weights: new Map([['three', 3]]) },
      {},
      50,
    );
    const most = 240;
    const goOn = () => busy.begun.length < most + 10;
    const callers = (who: string) =>
      Array.from({ length: 12 }, () => keepAsking(() => ask(who), goOn));
    await Promise.all([...callers('one'), ...callers('three')]);
    // From where both wait, to where both do still.
    const counted = busy.begun.slice(20, most);
    const three = counted.filter((who) => who === 'three').length;
    expect(three / (counted.length - three)).toBeGreaterThan(2.7);
    expect(three / (counted.length - three)).toBeLessThan(3.3);
  }, 60_000);

  it('one caller alone loses nothing: a place is taken as soon as it is free', async () => {
    const never = 3_600_000;
    const throughput = async (queue: Partial<QueueRules> | null) => {
      const { ask } = await scene(queue, {}, { tickMs: never });
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: 40 }, () => ask('only')));
      const lengthMs = performance.now() - startedAt;
      await proxy?.stop();
      await engine?.close();
      return lengthMs;
    };
    const direct = await throughput(null);
    for (const surplus of [1, 2])
      expect(await throughput({ surplus })).toBeLessThan(direct + 2 * serviceMs);
  }, 30_000);
});

describe('a request that waits for a place', () => {
  const fill = async (own: Scene, who = 'a'): Promise<Promise<Response>[]> => {
    const all = Array.from({ length: 2 * atOnce }, () => own.ask(who));
    await until('the engine is full', async () => {
      return (await own.proxy.metric('wakefield_requests_in_flight')) === 2 * atOnce;
    });
    return all;
  };
  const queued = (own: Scene, count: number) =>
    until(`${count} wait`, async () => {
      return (await own.proxy.metric('wakefield_queued_requests')) === count;
    });

  it('is a running one to whoever scales', async () => {
    const own = await scene();
    const running = await fill(own);
    const more = Array.from({ length: 3 }, () => own.ask('b'));
    await queued(own, 3);
    await until('told', () => {
      const [told] = own.proxy.demand()?.models.values() ?? [];
      return told?.running === 2 * atOnce + 3 && told.held === 0;
    });
    expect(await own.proxy.metric('wakefield_held_requests')).toBe(0);
    await Promise.all([...running, ...more]);
    await queued(own, 0);
    expect(await own.proxy.metric('wakefield_queue_seconds_count{outcome="served"')).toBe(3);
  });

  it('is out when its client is', async () => {
    const own = await scene();
    const running = await fill(own);
    const leaving = new AbortController();
    const gone = own.ask('b', { signal: leaving.signal });
    await queued(own, 1);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await queued(own, 0);
    await Promise.all(running);
    expect(own.engine.begun).not.toContain('b');
  });

  it('is kept company when it streams', async () => {
    const own = await scene();
    const running = await fill(own);
    const more = Array.from({ length: 8 * atOnce }, () => own.ask('a'));
    const answer = await own.ask('a', {}, { stream: true });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    await Promise.all([...running, ...more]);
    expect(await answer.text()).toContain(': wakefield state=busy elapsed=0s');
  }, 20_000);

  it('is sent away when it has waited long enough, or as long as its client likes', async () => {
    const own = await scene({ waitMs: 300 });
    const slow = Array.from({ length: 10 * atOnce }, () => own.ask('a'));
    const impatient = await own.ask('b', { headers: { prefer: 'wait=0' } });
    expect(impatient.status).toBe(503);
    const codes = await Promise.all(
      slow.map(async (one) => {
        const answer = await one;
        await answer.text();
        return answer.status === 503 ? answer.headers.get('retry-after') : answer.status;
      }),
    );
    expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(2 * atOnce);
    expect(new Set(codes)).toEqual(new Set([200, '10']));
  }, 20_000);

  it('is refused where its caller has too many, and another is not', async () => {
    const own = await scene({ perModel: 10 });
    const running = await fill(own);
    const answers = Array.from({ length: 10 }, () => own.ask('greedy'));
    await queued(own, 8);
    const other = own.ask('modest');
    await queued(own, 9);
    const all = await Promise.all(answers);
    const refused = all.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(2);
    for (const answer of refused) {
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(await answer.json()).toMatchObject({
        error: { code: 'rate_limit_exceeded', type: 'requests' },
      });
    }
    expect((await other).status).toBe(200);
    await Promise.all(running);
    expect(
      await own.proxy.metric('wakefield_rate_limited_total{limit="queue",scope="principal"'),
    ).toBe(2);
  });

  it('goes to an engine that comes', async () => {
    const own = await scene();
    const running = await fill(own);
    const first = own.ask('b');
    await queued(own, 1);
    const second = await startBusyEngine(atOnce, 10);
    const old = { ...endpoint(own.engine.port, 'job-1'), capacity: atOnce };
    own.proxy.route('a/b', { endpoints: [old, { ...endpoint(second.port), capacity: atOnce }] });
    expect((await first).status).toBe(200);
    expect(second.begun).toEqual(['b']);
    await Promise.all(running);
    await second.close();
  });

  it('waits for the model where its engines go, and for a place again where they come', async () => {
    const own = await scene();
    const running = await fill(own);
    const more = Array.from({ length: 2 * atOnce }, () => own.ask('b'));
    await queued(own, 2 * atOnce);
    // Its job drains: it gets nothing new, and finishes what it has.
    own.proxy.finishing('job-1');
    own.proxy.route('a/b', { endpoints: [] });
    await until('none waits for a place', async () => {
      return (await own.proxy.metric('wakefield_queued_requests')) === 0;
    });
    expect(await own.proxy.metric('wakefield_held_requests')).toBe(2 * atOnce);
    await Promise.all(running);
    const back = { ...endpoint(own.engine.port, 'job-2'), capacity: 1 };
    own.proxy.route('a/b', { endpoints: [back] });
    await queued(own, 2 * atOnce - 2);
    expect((await Promise.all(more)).map(({ status }) => status)).toEqual(
      Array(2 * atOnce).fill(200),
    );
  });
});
