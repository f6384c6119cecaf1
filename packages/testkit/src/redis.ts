import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '@wakefield/local-stack';
import { Redis } from 'ioredis';

/** A corner of a real Redis that belongs to one test. */
export interface TestRedis {
  readonly url: string;
  /** Unique: what is made with it meets no other test's keys. */
  readonly installation: string;
  /** Names and texts of every key of the installation that holds one text. */
  texts(): Promise<readonly string[]>;
  /** Removes every key of the installation. */
  cleanup(): Promise<void>;
}

/** The Redis that `npm test` has brought. @throws {Error} when there is none */
export function testRedis(): TestRedis {
  const url = process.env.WAKEFIELD_TEST_REDIS_URL;
  if (url === undefined || url === '') {
    throw new Error('WAKEFIELD_TEST_REDIS_URL is not set: start tests with `npm test`');
  }
  const installation = uniqueInstallation();
  const prefix = `{wakefield:${installation}}`;
  return {
    url,
    installation,
    texts: () => readTexts(url, prefix),
    cleanup: () => removeKeys(url, prefix),
  };
}

/** A short id that no other test has. */
function uniqueInstallation(): string {
  return `t${randomInt(36 ** 7)
    .toString(36)
    .padStart(7, '0')}`;
}

/** A Redis server of the test's own, for tests that stop, kill or empty it. */
export interface PrivateRedis {
  readonly url: string;
  readonly installation: string;
  /** Ends the server as a crash would. Its port stays its own. */
  kill(): Promise<void>;
  /** It keeps its connections and answers nobody, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Brings it back on the same port, empty. */
  start(): Promise<void>;
  cleanup(): Promise<void>;
}

/** Starts a private server on a free port; with `{ started: false }` the port stays silent until `start()`. */
export async function privateRedis({ started = true } = {}): Promise<PrivateRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'redis-'));
  const options = { directory, durability: 'fast' } as const;
  let server = await startRedis(options);
  const { url, port } = server;
  if (port === null) throw new Error('the private Redis has no port of its own');
  const signal = (name: NodeJS.Signals) => {
    if (server.pid !== null) process.kill(server.pid, name);
  };
  const kill = async () => {
    signal('SIGKILL');
    await server.exited;
  };
  if (!started) await kill();
  return {
    url,
    installation: uniqueInstallation(),
    kill,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    start: async () => {
      server = await startRedis({ ...options, port });
    },
    cleanup: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  try {
    let cursor = '0';
    do {
      // Braces are no pattern characters for Redis.
      const [next, keys] = await client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);
      cursor = next;
      if (keys.length > 0) await client.unlink(...keys);
    } while (cursor !== '0');
  } finally {
    client.disconnect();
  }
}

async function readTexts(url: string, prefix: string): Promise<readonly string[]> {
  const redis = new Redis(url);
  try {
    const found: string[] = [];
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, type: 'string' }))
      for (const key of keys as string[]) found.push(key, (await redis.get(key)) ?? '');
    return found;
  } finally {
    redis.disconnect();
  }
}
