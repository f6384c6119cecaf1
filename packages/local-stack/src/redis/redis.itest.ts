import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { listProcessesAround } from '../process/process-table.ts';
import { type LocalRedis, type RedisOptions, startRedis } from './start-redis.ts';

let directory: string;
const started: LocalRedis[] = [];

async function start(options: Partial<RedisOptions> = {}): Promise<LocalRedis> {
  const server = await startRedis({ directory, ...options });
  started.push(server);
  return server;
}

async function talk<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    if (client.status !== 'end') client.disconnect();
  }
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wakefield-redis-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  const left = listProcessesAround(directory);
  rmSync(directory, { recursive: true, force: true });
  expect(left).toEqual([]);
});

describe('startRedis', () => {
  test('brings a server of our own, with a password, that never evicts; data outlives a restart', async () => {
    const first = await start();
    await talk(first.url, async (client) => {
      expect(await client.config('GET', 'maxmemory-policy')).toContain('noeviction');
      expect(await client.config('GET', 'bind')).toContain('127.0.0.1');
      await client.set('k', 'v');
    });
    await expect(
      talk(`redis://:wrong@127.0.0.1:${first.port}`, (client) => client.get('k')),
    ).rejects.toThrow();
    expect(statSync(join(directory, 'redis.conf')).mode & 0o777).toBe(0o600);
    await first.stop();
    const second = await start();
    expect(await talk(second.url, (client) => client.get('k'))).toBe('v');
  });

  test('recovers after kill -9, losing a second at most', async () => {
    const first = await start();
    await talk(first.url, async (client) => {
      await client.set('k', 'v');
      await client.config('SET', 'appendfsync', 'always');
      await client.set('l', 'w');
    });
    process.kill(first.pid ?? 0, 'SIGKILL');
    await first.exited;
    const second = await start();
    expect(await talk(second.url, (client) => client.mget('k', 'l'))).toEqual(['v', 'w']);
  });

  test('ends an orphaned server of an earlier run', async () => {
    const first = await start();
    await talk(first.url, (client) => client.set('k', 'v'));
    const second = await start();
    await first.exited;
    expect(await talk(second.url, (client) => client.get('k'))).toBe('v');
  });

  test('`fast` keeps nothing', async () => {
    const first = await start({ durability: 'fast' });
    await talk(first.url, (client) => client.set('k', 'v'));
    await first.stop();
    const second = await start({ durability: 'fast' });
    expect(await talk(second.url, (client) => client.get('k'))).toBeNull();
  });

  test('the stand-in in JavaScript listens on loopback only, asks for the password, and says what it is', async () => {
    const said: string[] = [];
    const server = await start({ servers: ['javascript'], report: (line) => said.push(line) });
    expect(server.source).toBe('javascript');
    expect(said.join()).toMatch(/stand-in.*install redis or valkey, or set REDIS_URL/);
    expect(await talk(server.url, (client) => client.ping())).toBe('PONG');
    for (const login of ['', ':wrong@'])
      await expect(
        talk(`redis://${login}127.0.0.1:${server.port}`, (client) => client.get('k')),
      ).rejects.toThrow();
    expect(
      await talk(server.url, (client) => client.eval("return redis.call('set', 'k', 'v')", 0)),
    ).toBe('OK');
    const elsewhere = server.url.replace('127.0.0.1', '127.0.0.2');
    await expect(talk(elsewhere, (client) => client.ping())).rejects.toThrow();
  });

  test('a given server is tried, and left alone', async () => {
    const own = await start();
    const given = await startRedis({ directory, url: own.url });
    expect(given).toMatchObject({ source: 'given', version: own.version, pid: null });
    await given.stop();
    expect(await talk(own.url, (client) => client.ping())).toBe('PONG');
  });

  test('a given server that is not there is named without its password', async () => {
    const own = await start();
    await own.stop();
    const url = `redis://:secret@127.0.0.1:${own.port}`;
    await expect(startRedis({ directory, url })).rejects.toThrow(/\*\*\*@127\.0\.0\.1.*REDIS_URL/);
    // A second Redis is started here, and the one that is gone is waited for.
  }, 20_000);
});
