/** redis.conf(5) of a private server. Queues need `noeviction` (BullMQ, "Going to production"). */
export function redisConfig(options: {
  readonly directory: string;
  readonly port: number;
  readonly password: string;
  /** Keeps an append-only file, synced once a second. */
  readonly durable: boolean;
}): string {
  return [
    'bind 127.0.0.1',
    `port ${options.port}`,
    'protected-mode yes',
    `requirepass ${options.password}`,
    `dir ${quote(options.directory)}`,
    'daemonize no',
    'databases 1',
    'save ""',
    `appendonly ${options.durable ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'loglevel notice',
    '',
  ].join('\n');
}

/** Quoting of sdssplitargs (sds.c). */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
