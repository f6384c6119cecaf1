import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDemandBoard, createRouteBus } from '@wakefield/queue';
import { type CuttableLine, cuttableLine, demandOf, sampleSpec } from '@wakefield/testkit';
import { until } from '../test/harness.ts';
import { ended, type ProxyProcess, processKey, startProxyProcess } from '../test/process.ts';
import { type Served, serveModel } from '../test/served.ts';

let served: Served;
let redisLine: CuttableLine;
/** The second has its Redis by a line that can be cut. */
let proxies: readonly [ProxyProcess, ProxyProcess];

const start = (redisUrl: string) =>
  startProxyProcess({
    databaseUrl: served.store.url,
    redisUrl,
    installation: served.redis.installation,
    env: { DRAIN_DELAY: '1' },
  });
const pathOf = () => `/p/${served.model.project}/openai/v1/chat/completions`;
const bodyOf = (more: object = {}) =>
  JSON.stringify({
    model: 'acme/small',
    messages: [{ role: 'user', content: 'hi' }],
    max_tokens: 5,
    ...more,
  });
const headers = { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' };
const chat = ({ url }: ProxyProcess, more: object = {}) =>
  fetch(url + pathOf(), { method: 'POST', headers, body: bodyOf(more) });

beforeAll(async () => {
  served = await serveModel({ tokensPerSecond: 30, maxConcurrency: 256 });
  const { redis } = served;
  redisLine = await cuttableLine(redis.url, 6379);
  proxies = await Promise.all([start(redis.url), start(redisLine.url)]);
}, 60_000);

afterAll(async () => {
  for (const { child } of proxies) child.kill('SIGKILL');
  await Promise.all(proxies.map(({ child }) => ended(child)));
  await redisLine.cut();
  await served.close();
});

describe('two proxies', () => {
  /** How long the newest of the routes takes to each of them. */
  const spread = async (): Promise<readonly number[]> => {
    const { access, model, store } = served;
    await store.model({
      project: model.project,
      spec: sampleSpec({ hfModelId: `m/${Math.random()}` }),
    });
    const revision = await store.stores.routes.revision();
    const startedAt = performance.now();
    await createRouteBus(access).publish(revision);
    return Promise.all(
      proxies.map(async (proxy) => {
        const isKnown = async () =>
          (await proxy.figure('wakefield_route_table_revision')) >= revision;
        await until('known', isKnown, 10_000);
        return performance.now() - startedAt;
      }),
    );
  };

  const slower = async () => Math.max(...(await spread()));

  it('hear of a changed route within a second, and by the sweep without Redis', async () => {
    const times: number[] = [];
    while (times.length < 10) times.push(await slower());
    // A machine that is busy with other tests may keep a few of them waiting, not half.
    const [, , , , fifth, sixth] = times.sort((a, b) => a - b);
    expect([fifth, sixth].every((ms = Number.NaN) => ms < 1000)).toBe(true);
    await redisLine.cut();
    const [near = 0, far = 0] = await spread();
    await redisLine.mend();
    expect(near).toBeLessThan(far);
    // Every five seconds, and the time of a look.
    expect(far).toBeLessThan(8000);
    await until('both hear at once again', async () => (await slower()) < 1000, 20_000);
  }, 60_000);

  it('are one demand; one that stands still leaves it, and comes back with what it had', async () => {
    const board = createDemandBoard(served.access);
    const running = async () => (await demandOf(board, served.model.id))?.running ?? null;
    await until('known', async () => (await running()) === 0, 15_000);
    const streams = await Promise.all(
      proxies.map((proxy) => chat(proxy, { stream: true, max_tokens: 600, ignore_eos: true })),
    );
    await until('both counted', async () => (await running()) === 2);
    const [, still] = proxies;
    still.child.kill('SIGSTOP');
    const waiting = chat(still);
    // What it had may still be under way: not less, but nobody knows.
    await until('unknown', async () => (await running()) === null, 8000);
    await wait(1000);
    still.child.kill('SIGCONT');
    await until('back', async () => ((await running()) ?? 0) >= 2, 8000);
    expect((await waiting).status).toBe(200);
    for (const stream of streams) expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/);
    await until('over', async () => (await running()) === 0);
  }, 60_000);

  it('lose no request of clients that keep their connections when one is started again', async () => {
    const fallen: string[] = [];
    let answered = 0;
    let over = false;
    const unready = new Set<ProxyProcess>();
    /** Asks one after the other as long as both are ready, and repeats nothing. */
    const client = async (index: number): Promise<void> => {
      const agent = new Agent({ keepAlive: true });
      for (let turn = index; !over; turn += 1) {
        const ready = proxies.filter((proxy) => !unready.has(proxy));
        const proxy = ready[turn % ready.length];
        if (proxy === undefined) throw new Error('nobody is ready');
        const outcome = await ask(proxy, agent, turn % 5 === 0);
        answered += 1;
        if (outcome !== '200') fallen.push(outcome);
        await wait((turn * 7) % 40);
      }
      agent.destroy();
    };
    const clients = Array.from({ length: 50 }, (_, index) => client(index));
    await until('under load', () => answered > 200, 20_000);
    const [leaving] = proxies;
    // As a balancer that looks five times a second; the delay is a second.
    const health = setInterval(() => {
      fetch(`${leaving.opsUrl}/readyz`).then(
        ({ status }) => status === 200 || unready.add(leaving),
        () => unready.add(leaving),
      );
    }, 200);
    leaving.child.kill('SIGTERM');
    expect(await ended(leaving.child)).toBe(0);
    clearInterval(health);
    const before = answered;
    await until('served by the other', () => answered > before + 100, 20_000);
    over = true;
    await Promise.all(clients);
    expect(fallen).toEqual([]);
  }, 60_000);
});

/** A plain client: what became of one request. */
function ask({ url }: ProxyProcess, agent: Agent, stream: boolean): Promise<string> {
  return new Promise((resolve) => {
    const call = request(url + pathOf(), { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', (error) => resolve(`broken off: ${error.message}`));
      response.on('end', () => {
        const complete = !stream || text.endsWith('data: [DONE]\n\n');
        resolve(complete ? String(response.statusCode) : `cut: ${text.slice(-200)}`);
      });
    });
    call.on('error', (error) => resolve(`failed: ${error.message}`));
    call.end(bodyOf({ stream }));
  });
}
