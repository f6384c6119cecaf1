export type { LocalPostgres, PostgresOptions } from './postgres/start-postgres.ts';
export { startPostgres } from './postgres/start-postgres.ts';
export { freePorts } from './process/free-port.ts';
export type { LocalRedis, RedisOptions } from './redis/start-redis.ts';
export { startRedis } from './redis/start-redis.ts';
export { SetupError } from './setup-error.ts';
