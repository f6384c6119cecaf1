import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { submitCommand } from '@wakefield/control';
import type { CommandBody } from '@wakefield/domain';
import { createNudges, openRedis, type RedisAccess } from '@wakefield/queue';
import {
  captureLog,
  type PrivateRedis,
  privateRedis,
  type StoreFixture,
  storeFixture,
} from '@wakefield/testkit';

/** What schedulers that run as processes stand on, and the part of the api that accepts wishes. */
export interface ProcessGround {
  readonly store: StoreFixture;
  readonly redis: PrivateRedis;
  readonly client: RedisAccess;
  /** A scheduler on these stores; its PATH, its clusters.yaml and whatever else is to be told it by `env`. */
  fork(env: NodeJS.ProcessEnv): ChildProcess;
  /** All that they have written so far. */
  output(): string;
  wish(body: CommandBody): Promise<void>;
  close(): Promise<void>;
}

export async function openProcessGround(): Promise<ProcessGround> {
  const [store, redis] = await Promise.all([storeFixture(), privateRedis()]);
  const { url, installation } = redis;
  const client = await openRedis({ url, installation, log: captureLog() });
  let output = '';
  return {
    store,
    redis,
    client,
    fork: (env) => {
      const child = fork(join(import.meta.dirname, '../src/main.ts'), {
        execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
        env: {
          DATABASE_URL: store.url,
          REDIS_URL: url,
          WAKEFIELD_INSTALLATION: installation,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (text) => {
          output += String(text);
        });
      return child;
    },
    output: () => output,
    wish: async (body) => {
      const deps = {
        commands: store.stores.commands,
        nudges: createNudges(client),
        clock: { now: Date.now },
        ids: { uuid: randomUUID },
        log: captureLog(),
      };
      const rest = { by: 'tester', traceId: 'a'.repeat(32), idempotencyKey: null };
      await submitCommand(deps, { project: 'demo', body, ...rest });
    },
    close: async () => {
      await client.close();
      await redis.cleanup();
      await store.close();
    },
  };
}

/** In clusters.yaml: where jobs find the simulator. */
export const simulatorRecipe = {
  environment: {
    WAKEFIELD_NODE: process.execPath,
    WAKEFIELD_SIMULATOR: join(import.meta.dirname, '../../../packages/simulator/src/main.ts'),
  },
};
