import type { Log } from '@wakefield/control';
import { type Redis, ReplyError } from 'ioredis';

/** What of `INFO` tells whether a server is fit for queues. */
export interface ServerFacts {
  readonly version: string | null;
  readonly maxmemoryPolicy: string | null;
}

/** Reads the fields out of the answer to `INFO`. Servers that do not tell give null. */
export function parseInfo(info: string): ServerFacts {
  return {
    // Valkey tells both: its own, and the Redis that it speaks like.
    version:
      (/^valkey_version:(\S+)/m.exec(info) ?? /^redis_version:(\S+)/m.exec(info))?.[1] ?? null,
    maxmemoryPolicy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null,
  };
}

/** Why a server is not fit, in words for who runs it; null when it is. */
export function unfitness({ maxmemoryPolicy }: ServerFacts): string | null {
  if (maxmemoryPolicy === null || maxmemoryPolicy === 'noeviction') return null;
  return (
    `Redis has maxmemory-policy ${maxmemoryPolicy}: under memory pressure it would drop keys of the queues, and ` +
    'jobs with them. Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), or give ' +
    'Wakefield a Redis of its own.'
  );
}

/** What is known of the server behind a connection. */
export interface ServerCheck {
  /** Why the server is not fit; null: it is, or nobody has said otherwise. */
  problem(): string | null;
  /** Resolves when the first look has come to an answer. */
  readonly looked: Promise<void>;
  stop(): void;
}

/** An unfit server is looked at again after this long, and so is one that did not answer: somebody may mend it. */
const againMs = 5000;

/**
 * Looks at the server on every connection: another one may answer at the same address, or the same one with other
 * settings. A server that refuses to tell its settings is given the benefit of the doubt.
 */
export function watchServer(connection: Redis, log: Log, everyMs = againMs): ServerCheck {
  const first = Promise.withResolvers<void>();
  let problem: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const again = (): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void look(), everyMs).unref();
  };
  const look = async (): Promise<void> => {
    clearTimeout(timer);
    // The next connection brings the next look.
    if (connection.status !== 'ready') return;
    const facts = await ask(connection, log);
    if (facts === null) {
      again();
      return;
    }
    const before = problem;
    problem = unfitness(facts);
    if (problem !== null) {
      if (problem !== before)
        log.error({ ...facts, reason: problem }, 'redis is not fit for queues');
      again();
    } else if (before !== null) log.info({ ...facts }, 'redis is fit for queues again');
    else log.debug({ ...facts }, 'redis is fit for queues');
    first.resolve();
  };
  const onReady = (): void => void look();
  connection.on('ready', onReady);
  void look();
  return {
    problem: () => problem,
    looked: first.promise,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      connection.off('ready', onReady);
    },
  };
}

/** @returns null when it did not answer */
async function ask(connection: Redis, log: Log): Promise<ServerFacts | null> {
  try {
    return parseInfo(await connection.info());
  } catch (error) {
    log.warn({ err: error }, 'redis could not be asked for its settings');
    return error instanceof ReplyError ? parseInfo('') : null;
  }
}
