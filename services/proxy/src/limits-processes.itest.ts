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
const start = (limits: string) =>
  startProxyProcess({
    databaseUrl: served.store.url,
    redisUrl: served.redis.url,
    installation: served.redis.installation,
    env: { WAKEFIELD_LIMITS: join(folder, limits) },
  });
const chat = ({ url }: ProxyProcess) =>
  fetch(`${url}/p/${served.model.project}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'acme/small',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 1,
    }),
  });

beforeAll(async () => {
  served = await serveModel({ tokensPerSecond: 1000 });
  folder = await mkdtemp(join(tmpdir(), 'limits-'));
  await writeFile(
    join(folder, 'limits.yaml'),
    'defaults: { principal: { requestsPerMinute: 60, tokensPerMinute: 100000 } }\n',
  );
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
    const startedAt = performance.now();
    const statuses: number[] = [];
    // Where it goes changes, and the first gets more of it.
    for (let index = 0; index < 150; index += 1) {
      const proxy = proxies[index % 3 === 2 ? 1 : 0];
      if (proxy !== undefined) statuses.push((await chat(proxy)).status);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const admitted = statuses.filter((status) => status === 200).length;
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    // Whole requests, at the beginning and in each proxy.
    expect(admitted).toBeGreaterThanOrEqual(Math.floor(0.95 * (60 + seconds)) - 2);
    expect(admitted).toBeLessThanOrEqual(Math.ceil(1.05 * (60 + seconds)) + 2);
  }, 60_000);

  it('tell what is left by what both have let in', async () => {
    await until(
      'both know',
      async () => {
        const answers = await Promise.all(proxies.map(chat));
        return answers.every(
          ({ headers }) => Number(headers.get('x-ratelimit-remaining-requests')) <= 2,
        );
      },
      20_000,
    );
  }, 60_000);
});

it('a mistake in limits.yaml ends the process', async () => {
  await expect(start('wrong.yaml')).rejects.toThrow('it ended: 78');
}, 60_000);
