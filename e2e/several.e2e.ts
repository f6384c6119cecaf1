import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sendSignal } from '@wakefield/local-stack';
import {
  type DemandWindow,
  openDemandWindow,
  openStoreWindow,
  type StoreWindow,
} from '@wakefield/testkit';
import { stoppedWithLease } from './leases.ts';
import { heldRequests, metric } from './metric.ts';
import { chat, chatAnew } from './requests/ask.ts';
import { startLasting, startSteady } from './several/clients.ts';
import type { ServiceName } from './victims.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

const model = 'several/served';
/** A bound for what may fail, with room for a machine that does much else. */
const soonEnoughMs = 90_000;
/** More than a proxy's requests had before they were cut, at a time. */
const slowLoadSeconds = 40;
/** Promised: what a dead scheduler held is somebody else's. */
const takeoverMs = 10_000;

/** Two of everything on the local cluster; one Wakefield lives through all of it. */
describe('two of each', () => {
  let wakefield: Wakefield;
  let stores: StoreWindow;
  let demand: DemandWindow;
  let modelId: string;

  /** Aborted after each test: what still ran for it must not wait for the next one's proxies. */
  let leaving: AbortController;
  beforeEach(() => {
    leaving = new AbortController();
  });
  afterEach(() => leaving.abort());

  beforeAll(async () => {
    wakefield = await startWakefield({ args: ['--api', '2', '--scheduler', '2', '--proxy', '2'] });
    const { databaseUrl, redisUrl } = await wakefield.runFile();
    stores = openStoreWindow({ databaseUrl, redisUrl });
    const installation = await readFile(join(wakefield.directory, 'installation'), 'utf8');
    demand = await openDemandWindow({ redisUrl, installation: installation.trim() });
    const registered = await register(model);
    expect(registered.status).toBe(201);
    expect(await chat(wakefield, model, { tokens: 1 })).toMatchObject({ whole: true });
    const [row] = await stores.rows('select id from models where hf_model_id = $1', [model]);
    modelId = String(row?.id);
  }, 200_000);

  afterAll(async () => {
    await demand?.close();
    await stores?.close();
    await wakefield?.stop();
  }, 30_000);

  test('are told in run.json, and both proxies answer chats', async () => {
    const { services } = await wakefield.runFile();
    expect(Object.values(services).map(({ length }) => length)).toEqual([2, 2, 2]);
    expect(
      new Set(Object.values(services).flatMap((all) => all.map(({ opsUrl }) => opsUrl))).size,
    ).toBe(6);
    await eventually('both to have served', async () => {
      for (const { status } of await Promise.all(times(8, () => chatAnew(wakefield, model, 1))))
        expect(status).toBe(200);
      const served = await Promise.all(
        services.proxy.map((one) =>
          metric(one, 'wakefield_http_requests_total', 'route="chat_completions"'),
        ),
      );
      return served.every((count) => count > 0);
    });
  }, 60_000);

  test('a proxy that is killed is not missed by new connections, and drops out of the sums', async () => {
    const [first, second] = (await wakefield.runFile()).services.proxy;
    if (first === undefined || second === undefined) throw new Error('two proxies are needed');
    const ask = () =>
      chatAnew(wakefield, model, 20_000, { signal: leaving.signal }).catch(() => null);
    const long = times(12, ask);
    const running = (one: typeof first) => metric(one, 'wakefield_requests_in_flight');
    const [, left] = await eventually('requests on both, and their sum', async () => {
      const both = await Promise.all([running(first), running(second)]);
      const sum = await demand.of(modelId);
      if (sum?.running !== long.length) return false;
      if (both.every((count) => count > 0)) return both;
      // The kernel gives connections to whoever is free: one of them may have got all.
      long.push(...times(12, ask));
      return false;
    });
    sendSignal(first.pid, 'SIGKILL');
    const killedAt = performance.now();
    for (let turn = 0; turn < 20; turn += 1)
      expect((await chatAnew(wakefield, model, 1)).status).toBe(200);
    await eventually(
      'the sum to be what runs on',
      async () => (await demand.of(modelId))?.running === left,
      soonEnoughMs,
    );
    const forgottenMs = performance.now() - killedAt;
    expect(await running(second)).toBe(left);
    leaving.abort();
    await Promise.all(long);
    await restarted('proxy', first.pid);
    told('a dead proxy out of the sums', forgottenMs);
    // Five for its last word to expire, ten in which it might have come back, and the machine is busy.
    expect(forgottenMs).toBeLessThan(25_000);
  }, 300_000);

  test('a proxy that stands still gets no new connections', async () => {
    const [first] = (await wakefield.runFile()).services.proxy;
    sendSignal(first?.pid ?? 0, 'SIGSTOP');
    try {
      for (let turn = 0; turn < 20; turn += 1)
        expect((await chatAnew(wakefield, model, 1)).status).toBe(200);
    } finally {
      sendSignal(first?.pid ?? 0, 'SIGCONT');
    }
  }, 60_000);

  test('an api that is killed is not missed', async () => {
    const [first] = (await wakefield.runFile()).services.api;
    const asking = new AbortController();
    const statuses: number[] = [];
    const asked = times(4, async () => {
      while (!asking.signal.aborted)
        statuses.push((await wakefield.call('GET', `/p/demo/models/${model}`)).status);
    });
    await eventually('requests', async () => statuses.length > 20);
    sendSignal(first?.pid ?? 0, 'SIGKILL');
    const atDeath = statuses.length;
    // What changes something goes on, too.
    expect((await register('several/other')).status).toBe(201);
    await eventually('more requests', async () => statuses.length > atDeath + 50, soonEnoughMs);
    await restarted('api', first?.pid ?? 0);
    asking.abort();
    await Promise.all(asked);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  }, 300_000);

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'what a scheduler held at its %s is taken over by the other',
    async (signal) => {
      const both = (await wakefield.runFile()).services.scheduler;
      expect(both).toHaveLength(2);
      // Whichever of them: one that was started after the other may have nothing to do for long.
      const pids = both.map(({ pid }) => pid);
      const { pid: stopped, key, holder } = await stoppedWithLease(stores, pids, soonEnoughMs);
      const [holding] = both.filter(({ pid }) => pid === stopped);
      const [other] = both.filter(({ pid }) => pid !== stopped);
      if (holding === undefined || other === undefined) throw new Error('two processes are needed');
      try {
        const since = performance.now();
        if (signal === 'SIGKILL') sendSignal(holding.pid, 'SIGKILL');
        await eventually(
          `${key} to be taken over`,
          async () => {
            const rows = await stores.rows('select holder from leases where key = $1', [key]);
            return rows.every((row) => row.holder !== holder);
          },
          soonEnoughMs,
        );
        const takenMs = performance.now() - since;
        told(`${key} after ${signal}`, takenMs);
        expect(takenMs).toBeLessThan(takeoverMs);
        // The other one does all of the work meanwhile.
        const name = `several/${signal.toLowerCase()}`;
        expect((await register(name)).status).toBe(201);
        expect(await chat(wakefield, name, { tokens: 1 })).toMatchObject({ whole: true });
        if (signal === 'SIGKILL') await restarted('scheduler', holding.pid);
        else {
          sendSignal(holding.pid, 'SIGCONT');
          // It lives on, and what it had begun is refused: one job for each model, all of them ready.
          await ready(holding.opsUrl);
        }
        for (const one of [name, model])
          await eventually(
            `${one} to be ready with one job`,
            async () => {
              const { state, jobs } = (await wakefield.call('GET', `/p/demo/models/${one}`)).body;
              return /^(ready|busy)$/.test(state) && jobs.length === 1;
            },
            soonEnoughMs,
          );
      } finally {
        // Whatever failed: the tests after this one need it.
        sendSignal(holding.pid, 'SIGCONT');
      }
      const { services } = await wakefield.runFile();
      expect(services.scheduler.map(({ pid }) => pid)).toContain(other.pid);
    },
    300_000,
  );

  test('each is started again under load, and no client notices', async () => {
    const steady = startSteady(wakefield, model);
    const { services } = await wakefield.runFile();
    // A wake that takes as long as the streams do; the proxies go first, under both.
    const asleep = 'several/slow';
    expect((await register(asleep, slowLoadSeconds)).status).toBe(201);
    const lasting = startLasting(wakefield, model, asleep, 6);
    await lasting.begun;
    // The kernel gives them to whoever is free: both proxies together have them.
    await eventually('requests that wait', async () => (await heldRequests(services.proxy)) > 0);
    for (const name of ['proxy', 'scheduler', 'api'] as const)
      for (const { pid } of services[name]) {
        sendSignal(pid, 'SIGTERM');
        await restarted(name, pid);
      }
    for (const result of await lasting.results)
      expect(result).toMatchObject({ status: 200, whole: true });
    await steady.stop();
    expect(steady.failures).toEqual([]);
    expect(steady.plain).toBeGreaterThan(100);
    expect(steady.streams).toBeGreaterThan(8);
    told(`rolled under ${steady.plain} requests and ${steady.streams} streams`, 0);
  }, 600_000);

  const register = (name: string, loadSeconds = 0) =>
    wakefield.call('PUT', '/p/demo/models', {
      hf_model_id: name,
      gpu_count: 1,
      engine: 'simulator',
      idle_timeout: 900,
      engine_args: { load_seconds: loadSeconds, tokens_per_second: 20 },
    });

  /** Another process has taken its place, and is ready. */
  async function restarted(service: ServiceName, pid: number): Promise<void> {
    const all = await eventually(
      `${service} ${pid} to be started again`,
      async () => {
        const now = (await wakefield.runFile()).services[service];
        return now.length === 2 && now.every((one) => one.pid !== pid) && now;
      },
      soonEnoughMs,
    );
    for (const { opsUrl } of all) await ready(opsUrl);
  }

  const ready = (opsUrl: string) =>
    eventually(
      `${opsUrl} to be ready`,
      async () => (await fetch(`${opsUrl}/readyz`).catch(() => null))?.status === 200,
      soonEnoughMs,
    );
});

function times<T>(count: number, make: () => Promise<T>): Promise<T>[] {
  return Array.from({ length: count }, make);
}

/** Figures for whoever reads along. */
function told(what: string, ms: number): void {
  console.log(ms === 0 ? what : `${what}: ${Math.round(ms)} ms`);
}
