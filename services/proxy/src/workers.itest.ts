import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../test/harness.ts';
import { ended, type ProxyProcess, processKey, startProxyProcess } from '../test/process.ts';
import { type Served, serveModel } from '../test/served.ts';

let served: Served;
let proxy: ProxyProcess;

const start = (env: Record<string, string>) =>
  startProxyProcess({
    databaseUrl: served.store.url,
    redisUrl: served.redis.url,
    installation: served.redis.installation,
    env,
  });

let asked = 0;
/** Each on a connection of its own. */
const chat = (more: object = {}) => {
  asked += 1;
  return fetch(`${proxy.url}/p/${served.model.project}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${processKey}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    body: JSON.stringify({
      model: 'acme/small',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 5,
      ...more,
    }),
  });
};

interface Line {
  readonly pid: number;
  readonly msg: string;
}

const lines = (): readonly Line[] =>
  proxy
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
const pidsOf = (msg: string) => lines().flatMap((line) => (line.msg === msg ? [line.pid] : []));
/** Requests, by a counter and by a histogram. */
const totals = () =>
  Promise.all([
    proxy.figure('wakefield_http_requests_total'),
    proxy.figure('wakefield_time_to_first_byte_seconds_count'),
  ]);
/** Who is ready, the process above them left out. */
const workers = () => pidsOf('ready').filter((pid) => pid !== proxy.child.pid);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

beforeAll(async () => {
  served = await serveModel({ tokensPerSecond: 20, maxConcurrency: 64 });
  proxy = await start({ PROXY_WORKERS: '2', DRAIN_DELAY: '0' });
}, 30_000);

afterAll(async () => {
  proxy.child.kill('SIGKILL');
  await ended(proxy.child);
  await served.close();
});

describe('a proxy of two workers', () => {
  it('serves on one port with both, and tells the sums', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => chat()));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    await until('logged', () => pidsOf('inference request').length === 10);
    expect(new Set(pidsOf('inference request'))).toEqual(new Set(workers()));
    expect(workers()).toHaveLength(2);
    expect(await totals()).toEqual([10, 10]);
    const readiness = await fetch(`${proxy.opsUrl}/readyz`);
    expect(await readiness.json()).toMatchObject({ checks: { workers: { status: 'ok' } } });
  }, 20_000);

  it('tells what a worker counted that stands still', async () => {
    const [still = 0] = workers();
    process.kill(still, 'SIGSTOP');
    try {
      expect(await totals()).toEqual([10, 10]);
    } finally {
      process.kill(still, 'SIGCONT');
    }
  }, 20_000);

  it('serves on when one of them is killed, starts another, and counts on', async () => {
    const [victim = 0, other] = workers();
    process.kill(victim, 'SIGKILL');
    await until('missed', () => pidsOf('a worker has ended; starting another').length === 1);
    expect(await totals()).toEqual([10, 10]);
    const before = pidsOf('inference request').length;
    expect((await chat()).status).toBe(200);
    await until('logged', () => pidsOf('inference request').length > before);
    expect(pidsOf('inference request').at(-1)).toBe(other);
    await until('replaced', () => workers().length === 3, 15_000);
    const newcomer = workers().at(-1);
    await until('it serves', async () => {
      await chat();
      return pidsOf('inference request').at(-1) === newcomer;
    });
    await until('counted', async () => (await totals()).every((total) => total === asked));
  }, 30_000);

  it('finishes what runs when it is told to go, and leaves nobody behind', async () => {
    const streams = await Promise.all(
      Array.from({ length: 4 }, () => chat({ stream: true, max_tokens: 40 })),
    );
    proxy.child.kill('SIGTERM');
    for (const stream of streams) expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect(await ended(proxy.child)).toBe(0);
    expect(workers().filter(isAlive)).toEqual([]);
  }, 20_000);
});

it.each([
  [{ PROXY_WORKERS: '0' }, 'it ended: 78'],
  [{ PROXY_WORKERS: '65' }, 'it ended: 78'],
  // Only workers read it.
  [{ PROXY_WORKERS: '2', WAKEFIELD_CLUSTERS: '/nowhere.yaml' }, 'it ended: 78'],
])('does not start with %j', async (env, words) => {
  await expect(start(env)).rejects.toThrow(words);
});
