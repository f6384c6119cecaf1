import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../test/harness.ts';
import { ended, type ProxyProcess, processKey, startProxyProcess } from '../test/process.ts';
import { type Served, serveModel } from '../test/served.ts';

let served: Served;
let folder: string;
let proxies: readonly ProxyProcess[] = [];
const start = (limits: string, env: Record<string, string> = {}) =>
  startProxyProcess({
    databaseUrl: served.store.url,
    redisUrl: served.redis.url,
    installation: served.redis.installation,
    env: { WAKEFIELD_LIMITS: join(folder, limits), ...env },
  });
const chat = ({ url }: ProxyProcess, headers: Record<string, string> = {}) =>
  fetch(`${url}/p/${served.model.project}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${processKey}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({
      model: 'acme/small',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 1,
    }),
  });

/** Of a limit of 60 a minute through two processes: whole requests are let in, at the beginning and in each process. */
async function expectSixty(ask: (index: number) => Promise<Response>): Promise<void> {
  const startedAt = performance.now();
  const statuses: number[] = [];
  for (let index = 0; index < 150; index += 1) statuses.push((await ask(index)).status);
  const seconds = (performance.now() - startedAt) / 1000;
  const admitted = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(admitted).toBeGreaterThanOrEqual(Math.floor(0.95 * (60 + seconds)) - 2);
  expect(admitted).toBeLessThanOrEqual(Math.ceil(1.05 * (60 + seconds)) + 2);
}

beforeAll(async () => {
  served = await serveModel({ tokensPerSecond: 1000 });
  folder = await mkdtemp(join(tmpdir(), 'limits-'));
  await writeFile(
    join(folder, 'limits.yaml'),
    'defaults: { principal: { requestsPerMinute: 60, tokensPerMinute: 100000 } }\n',
  );
  await writeFile(join(folder, 'model.yaml'), 'defaults: { model: { requestsPerMinute: 60 } }\n');
  await writeFile(join(folder, 'wrong.yaml'), 'queue: {}\nprincipal: {}\n');
  proxies = await Promise.all([start('limits.yaml'), start('limits.yaml')]);
}, 60_000);
afterAll(async () => {
  for (const { child } of proxies) child.kill('SIGKILL');
  await Promise.all(proxies.map(({ child }) => ended(child)));
  await rm(folder, { recursive: true });
  await served.close();
}, 60_000);

describe('two proxies as they are run', () => {
  it('keep one limit together', async () => {
    // Where it goes changes, and the first gets more of it.
    await expectSixty((index) => {
      const proxy = proxies[index % 3 === 2 ? 1 : 0];
      if (proxy === undefined) throw new Error('there are two');
      return chat(proxy);
    });
  }, 60_000);

  it('tell what is left by what both have let in', async () => {
    await until(
      'both know',
      async () => {
        const answers = await Promise.all(proxies.map((proxy) => chat(proxy)));
        return answers.every(
          ({ headers }) => Number(headers.get('x-ratelimit-remaining-requests')) <= 2,
        );
      },
      20_000,
    );
  }, 60_000);
});

describe('two workers of one proxy', () => {
  let proxy: ProxyProcess;
  beforeAll(async () => {
    proxy = await start('model.yaml', { PROXY_WORKERS: '2' });
  }, 60_000);
  afterAll(async () => {
    proxy.child.kill('SIGKILL');
    await ended(proxy.child);
  });

  it('keep one limit together', async () => {
    // Connections are dealt out in turn.
    await expectSixty(() => chat(proxy, { connection: 'close' }));
    const admitting = proxy
      .log()
      .split('\n')
      .filter((line) => line.includes('"msg":"inference request"') && line.includes('"status":200'))
      .map((line) => (JSON.parse(line) as { readonly pid: number }).pid);
    const [one = 0, other = 0] = [...new Set(admitting)].map(
      (pid) => admitting.filter((each) => each === pid).length,
    );
    expect(Math.min(one, other)).toBeGreaterThan(10);
  }, 60_000);
});

it('a mistake in limits.yaml ends the process', async () => {
  await expect(start('wrong.yaml')).rejects.toThrow('it ended: 78');
}, 60_000);
