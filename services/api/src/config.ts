import {
  commaList,
  databaseUrl,
  durationSeconds,
  flag,
  listenPort,
  listenVariables,
  processVariables,
  redisUrl,
  secret,
  socketCheck,
  someWayIn,
  wholeNumber,
} from '@wakefield/runtime';
import { z } from 'zod';

/** Environment of the api. */
export const configSchema = z
  .object({
    ...processVariables,
    HOST: z.string().min(1).default('127.0.0.1'),
    PORT: listenPort.default(0),
    ...listenVariables,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    /** The static key. */
    API_LOCAL_KEY: secret.optional(),
    /** Path of auth.yaml: who may come in beside the static key. */
    WAKEFIELD_AUTH: z.string().optional(),
    /** Folders with recipes of the site, besides the built-in ones. */
    WAKEFIELD_RECIPES: commaList.default([]),
    DATABASE_POOL: wholeNumber.default(10),
    /** How long a change waits for its outcome before it answers 202. */
    COMMAND_WAIT: durationSeconds.default(2),
    /** As the schedulers have it, which delete them: answers tell from when on sums are there. */
    USAGE_SUMS_RETENTION: durationSeconds.default(3 * 365 * 86_400),
    /** How long a browser stays logged in or signed in at most. */
    LOGIN_LIFETIME: durationSeconds.default(43_200),
    /** Whether browsers reach us by https, where no publicUrl says so: the cookie of the login form is then for it alone. */
    SECURE_COOKIES: flag.default(false),
    /** Time that requests under way have to finish after SIGTERM. */
    SHUTDOWN_TIMEOUT: durationSeconds.default(8),
  })
  .check(socketCheck)
  .check(someWayIn)
  .transform((env) => ({
    installation: env.WAKEFIELD_INSTALLATION,
    logLevel: env.LOG_LEVEL,
    listen: { host: env.HOST, port: env.PORT, inherited: env.LISTEN_FDS > 0 },
    ops: { host: env.OPS_HOST, port: env.OPS_PORT },
    databaseUrl: env.DATABASE_URL,
    databasePool: env.DATABASE_POOL,
    redisUrl: env.REDIS_URL,
    localKey: env.API_LOCAL_KEY ?? null,
    authFile: env.WAKEFIELD_AUTH ?? null,
    recipeFolders: env.WAKEFIELD_RECIPES,
    commandWaitMs: env.COMMAND_WAIT * 1000,
    usageSumsMs: env.USAGE_SUMS_RETENTION * 1000,
    login: { lifetimeSeconds: env.LOGIN_LIFETIME, secure: env.SECURE_COOKIES },
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT * 1000,
  }));

export type Config = z.output<typeof configSchema>;
