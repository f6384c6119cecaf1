import { startPostgres } from '../postgres/start-postgres.ts';
import { startRedis } from '../redis/start-redis.ts';
import type { Closing } from './closing.ts';
import type { DataPaths } from './data-directory.ts';
import type { StackContext } from './stack-context.ts';
import { type Store, type SupervisedStore, superviseStore } from './supervised-store.ts';

/** Postgres, started again should it die. */
export function startDatabase(context: StackContext, paths: DataPaths) {
  const { options, progress, closing, log } = context;
  const start = (note: (line: string) => void) => (port: number | undefined) =>
    startPostgres({
      directory: paths.postgres,
      report: note,
      ...(port === undefined ? {} : { port }),
      ...(options.databaseUrl === null ? {} : { url: options.databaseUrl }),
    });
  return progress.step(
    'Postgres',
    async (note) =>
      keepOpen(closing, 'Postgres', await superviseStore('Postgres', start(note), log)),
    ({ first }) => `${first.major} (${origin[first.source]})`,
  );
}

/** Redis, started again should it die. */
export function startQueueStore(context: StackContext, paths: DataPaths) {
  const { options, progress, closing, log } = context;
  const start = (note: (line: string) => void) => (port: number | undefined) =>
    startRedis({
      directory: paths.redis,
      report: note,
      ...(port === undefined ? {} : { port }),
      ...(options.redisUrl === null ? {} : { url: options.redisUrl }),
    });
  return progress.step(
    'Redis',
    async (note) => keepOpen(closing, 'Redis', await superviseStore('Redis', start(note), log)),
    ({ first }) => `${first.version} (${origin[first.source]})`,
  );
}

const origin = {
  given: 'given',
  system: "this machine's",
  embedded: 'npm package',
  unpacked: "distribution's package, unpacked",
  javascript: 'stand-in in JavaScript',
} as const;

function keepOpen<S extends Store>(
  closing: Closing,
  name: string,
  store: SupervisedStore<S>,
): SupervisedStore<S> {
  closing.add('stores', name, () => store.stop());
  return store;
}
