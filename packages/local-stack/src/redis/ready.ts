import { Redis } from 'ioredis';
import type { Daemon } from '../process/daemon.ts';
import { poll } from '../process/poll.ts';

/** What matters of a server to a queue. */
export interface RedisFacts {
  readonly version: string;
  /** null where it does not say. */
  readonly policy: string | null;
}

/**
 * Waits until the server answers and has loaded its data.
 * @returns null when it did not, or its process ended
 */
export async function awaitRedis(
  url: string,
  daemon: Daemon | null,
  timeoutMs: number,
): Promise<RedisFacts | null> {
  const facts = await poll({ timeoutMs, everyMs: 20 }, async () =>
    daemon !== null && daemon.exit() !== null ? null : ask(url),
  );
  return facts ?? null;
}

async function ask(url: string): Promise<RedisFacts | undefined> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    enableReadyCheck: false,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // While it loads its file it answers LOADING to everything.
    const info = await client.info().catch(async () => {
      await client.ping();
      return '';
    });
    if (/^loading:1/m.test(info)) return undefined;
    return {
      version: /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown',
      policy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null,
    };
  } catch {
    return undefined;
  } finally {
    // An ended client that is told to disconnect keeps a timer.
    if (client.status !== 'end') client.disconnect();
  }
}
