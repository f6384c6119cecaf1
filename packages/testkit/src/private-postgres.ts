import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@wakefield/local-stack';
import { migrate } from '@wakefield/store';
import type { TestDatabase } from './postgres.ts';

/** A Postgres server of the test's own, for tests that kill it. What it has committed it keeps. */
export interface PrivatePostgres {
  /** Migrated, and the only one on it. Dropped with the server. */
  readonly database: TestDatabase;
  /** Ends the server as a crash would. Its port stays its own. */
  kill(): Promise<void>;
  /** Brings it back on the same port. */
  start(): Promise<void>;
  cleanup(): Promise<void>;
}

export async function privatePostgres(): Promise<PrivatePostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  const options = { directory, durability: 'durable' } as const;
  let server = await startPostgres(options);
  const { url, port } = server;
  if (port === null) throw new Error('the private Postgres has no port of its own');
  await migrate(url);
  return {
    database: { url, drop: async () => undefined },
    kill: async () => {
      if (server.pid !== null) process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    start: async () => {
      server = await startPostgres({ ...options, port });
    },
    cleanup: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
