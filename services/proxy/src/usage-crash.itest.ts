import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Generated, type Simulator, startSimulator } from '@wakefield/simulator';
import {
  type CuttableLine,
  cuttableLine,
  type PrivatePostgres,
  type PrivateRedis,
  privatePostgres,
  privateRedis,
  type StoreFixture,
  sampleSpec,
  storeFixture,
} from '@wakefield/testkit';
import { until } from '../test/harness.ts';
import { ended, type ProxyProcess, startProxyProcess } from '../test/process.ts';
import { type Load, startLoad } from '../test/usage-load.ts';

jest.setTimeout(180_000);

const clients = 12;
const spool = mkdtempSync(join(tmpdir(), 'wakefield-usage-'));
let postgres: PrivatePostgres;
let redis: PrivateRedis;
let store: StoreFixture;
let engine: Simulator;
/** From the first proxy to Postgres. */
let line: CuttableLine;
let project: string;
const generated: Generated[] = [];
const proxies: (ProxyProcess | null)[] = [null, null];
let kills = 0;

async function startProxy(index: number): Promise<void> {
  proxies[index] = await startProxyProcess({
    databaseUrl: index === 0 ? line.url : postgres.database.url,
    redisUrl: redis.url,
    installation: redis.installation,
    env: { USAGE_SPOOL: spool },
  });
}

async function killProxy(index: number): Promise<void> {
  const child = proxies[index]?.child;
  proxies[index] = null;
  kills += 1;
  child?.kill('SIGKILL');
  if (child !== undefined) await ended(child);
}

beforeAll(async () => {
  [postgres, redis] = await Promise.all([privatePostgres(), privateRedis()]);
  line = await cuttableLine(postgres.database.url, 5432);
  store = await storeFixture(postgres.database);
  engine = await startSimulator(
    { key: 'secret-of-1', models: ['acme/small'], tokensPerSecond: 2000 },
    undefined,
    (one) => generated.push(one),
  );
  const model = await store.model({ spec: sampleSpec({ hfModelId: 'acme/small' }) });
  ({ project } = model);
  await store.job(model, 1, {
    phase: 'ready',
    address: { host: '127.0.0.1', port: engine.port },
    clusterJobId: '1',
    node: 'n1',
  });
  await Promise.all([startProxy(0), startProxy(1)]);
});

afterAll(async () => {
  await Promise.all([killProxy(0), killProxy(1)]);
  await engine.close();
  await line.cut();
  await store.close();
  await Promise.all([postgres.cleanup(), redis.cleanup()]);
  rmSync(spool, { recursive: true, force: true });
});

interface Row {
  readonly outcome: string;
  readonly estimated: boolean;
  readonly status: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

const readRows = async () =>
  new Map(
    (
      await store.sql(`select replace(id::text, '-', '') as id, outcome, estimated, status,
        prompt_tokens, completion_tokens from usage_records`)
    ).map(({ id, ...row }) => [String(id), row as unknown as Row]),
  );

/** What the engine worked on, by the id of the request, whichever try it was. */
function byRequest(): ReadonlyMap<string, readonly Generated[]> {
  return Map.groupBy(generated, ({ requestId }) => {
    const [, id] = /^req_([0-9a-f]{32})(?:-[0-9a-f]{8})?$/.exec(requestId) ?? [];
    if (id === undefined) throw new Error(`a request that nobody sent: ${requestId}`);
    return id;
  });
}

/** Answers go on, and so do failures, for this long. */
async function forAWhile(load: Load, answers: number): Promise<void> {
  const target = load.sent.length + answers;
  await until(`${answers} more`, () => load.sent.length >= target, 60_000);
}

describe('while proxies, Redis, Postgres and connections to it die under load', () => {
  let load: Load;

  it('requests are answered wherever a proxy lives', async () => {
    load = startLoad(() => proxies.map((proxy) => proxy?.url ?? null), project, clients);
    await forAWhile(load, 300);

    await killProxy(0);
    await forAWhile(load, 100);
    await startProxy(0);
    await forAWhile(load, 200);

    await redis.kill();
    await forAWhile(load, 200);
    await redis.start();

    // Somewhere in a statement, in a commit, or in between.
    for (let cut = 0; cut < 25; cut += 1) {
      await line.cut();
      await pause(30 + 7 * (cut % 5));
      await line.mend();
      await pause(90 + 11 * (cut % 7));
    }

    await postgres.kill();
    await forAWhile(load, 300);
    await killProxy(1);
    const again = startProxy(1);
    await forAWhile(load, 200);
    await postgres.start();
    await again;
    await forAWhile(load, 300);

    await killProxy(0);
    await startProxy(0);
    await forAWhile(load, 200);
    await load.stop();
    const answered = load.sent.filter(({ complete, status }) => complete && status === 200);
    expect(answered.length).toBeGreaterThan(1500);
  });

  it('each is counted once, with the tokens that the engine counted', async () => {
    const engines = byRequest();
    await until(
      'all are in the database',
      async () => {
        const rows = await readRows();
        return [...engines.keys()].every((id) => rows.has(id));
      },
      60_000,
    );
    for (const proxy of proxies) proxy?.child.kill('SIGTERM');
    await Promise.all(proxies.map((proxy) => proxy && ended(proxy.child)));
    const rows = await readRows();

    // None is there that was not sent, and none is missing.
    const known = new Set([
      ...engines.keys(),
      ...load.sent.map(({ requestId }) => requestId?.slice('req_'.length)),
    ]);
    expect([...rows.keys()].filter((id) => !known.has(id))).toEqual([]);
    const answered = load.sent.filter(({ status }) => status === 200);
    const idOf = (requestId: string | null) => requestId?.slice('req_'.length) ?? '';
    expect(answered.filter(({ requestId }) => !rows.has(idOf(requestId)))).toEqual([]);

    // Those that were told are exact; those that died with a proxy are told apart, and are not many.
    const lost = [...rows.values()].filter(({ outcome }) => outcome === 'lost');
    expect(lost.length).toBeLessThanOrEqual(kills * clients);
    expect(lost.every(({ estimated, status }) => estimated && status === 0)).toBe(true);
    let exact = 0;
    for (const [id, row] of rows) {
      if (row.outcome !== 'complete' || row.status !== 200) continue;
      const whole = engines.get(id)?.filter(({ complete }) => complete) ?? [];
      expect([row.estimated, row.prompt_tokens, row.completion_tokens]).toEqual([
        false,
        whole.at(-1)?.promptTokens,
        whole.at(-1)?.completionTokens,
      ]);
      exact += 1;
    }
    expect(exact).toBeGreaterThan(1500);
    const answeredWhole = answered.filter(({ complete }) => complete);
    const outcomes = answeredWhole.map(({ requestId }) => rows.get(idOf(requestId))?.outcome);
    expect(new Set(outcomes.filter((outcome) => outcome !== 'lost'))).toEqual(
      new Set(['complete']),
    );
    for (const { requestId, told } of answeredWhole) {
      const row = rows.get(idOf(requestId));
      if (told === null || row?.outcome !== 'complete') continue;
      expect(told).toEqual({ prompt: row.prompt_tokens, completion: row.completion_tokens });
    }
  });

  it('sums are those of the records, and nothing is left in the spool', async () => {
    const sums = (table: string, count: string) =>
      store.sql(`select ${count}::int as requests, sum(prompt_tokens)::int as prompt,
        sum(completion_tokens)::int as completion from ${table}`);
    expect(await sums('usage_hours', 'sum(requests)')).toEqual(
      await sums('usage_records', 'count(*)'),
    );
    expect(readdirSync(spool)).toEqual([]);
  });
});
