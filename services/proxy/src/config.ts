import {
  byteSize,
  commaList,
  databaseUrl,
  durationSeconds,
  httpUrl,
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
import { isNetwork } from './server/peers.ts';
import { isServicesUrl } from './services/service-origins.ts';

const mostWorkers = 64;

/** Environment of the proxy. Times in seconds (`300`, `5m`), sizes in bytes (`32MiB`). */
export const configSchema = z
  .object({
    ...processVariables,
    HOST: z.string().min(1).default('127.0.0.1'),
    PORT: listenPort.default(8080),
    ...listenVariables,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    API_LOCAL_KEY: secret.optional(),
    /** Path of auth.yaml: who may come in beside the static key. */
    WAKEFIELD_AUTH: z.string().optional(),
    /** Path of limits.yaml: who may ask for how much ([limits.md](../limits.md)). Absent: nobody is limited. */
    WAKEFIELD_LIMITS: z.string().optional(),
    /** Path of clusters.yaml; absent: engines are reached over straight TCP. */
    WAKEFIELD_CLUSTERS: z.string().optional(),
    /** The management API. */
    API_URL: httpUrl,
    /**
     * Balancers in front of the proxy, as addresses and networks (`10.1.2.3,10.2.0.0/16`): what they say in
     * `X-Forwarded-*` is passed on, what anybody else says there is overwritten.
     */
    TRUSTED_PROXIES: commaList
      .refine((list) => list.every(isNetwork), 'has to be addresses or networks (10.2.0.0/16)')
      .default([]),
    /**
     * Origins of services, one for each: `https://*.services.example.org`, where `*` stands for the id of a service and all of
     * these names lead to the proxy, its `Host` kept. Unset: pages of services are answered on the proxy's own origin, in a
     * sandbox in which most of them do not work ([service-access.md](../service-access.md)).
     */
    SERVICES_URL: z
      .string()
      .refine(
        isServicesUrl,
        'has to be a URL whose host begins with "*.", as https://*.services.example.org',
      )
      .optional(),
    DATABASE_POOL: wholeNumber.default(4),
    /**
     * Processes that share the port, for machines with several cores: each with its own route table, counts and
     * connections to the stores. Limits per process (`MAX_HELD`, `MAX_BODIES`, `MAX_CONNECTIONS`) hold for each of them.
     */
    PROXY_WORKERS: wholeNumber
      .refine((count) => count >= 1 && count <= mostWorkers, `has to be 1 to ${mostWorkers}`)
      .default(1),
    /** Longest time that a request waits for its model. */
    HOLD_TIMEOUT: durationSeconds.default(300),
    /**
     * Longest time until there is a connection to an engine, unless its model's registration says otherwise
     * (`timeouts`); after that another engine is tried.
     */
    CONNECT_TIMEOUT: durationSeconds.refine((time) => time > 0, 'has to be more than 0').default(5),
    /**
     * Longest time from the connection to an engine to the first byte of its answer, unless its model's registration says otherwise. 0: as long
     * as it takes, for nobody but a model's owner knows how long that may be.
     */
    FIRST_BYTE_TIMEOUT: durationSeconds.default(0),
    /** Longest time from one piece of an answer to the next, unless its model's registration says otherwise. 0: no limit. */
    BETWEEN_BYTES_TIMEOUT: durationSeconds.default(0),
    /**
     * Longest time of a whole inference request, waiting for its model included, unless its model's registration says
     * otherwise; callers may lower it (`X-Request-Timeout`). 0: no limit.
     */
    TOTAL_TIMEOUT: durationSeconds.default(0),
    /** Requests that may wait for one model, and in the whole process. One project never gets all of it. */
    MAX_HELD_PER_MODEL: wholeNumber.default(256),
    MAX_HELD: wholeNumber.default(4096),
    /**
     * Requests to services and sessions with them at once: of one caller, and in the whole process. Beyond that 503 `overloaded`.
     */
    MAX_SERVICE_REQUESTS_PER_CALLER: wholeNumber
      .refine((count) => count >= 1, 'has to be at least 1')
      .default(256),
    MAX_SERVICE_REQUESTS: wholeNumber
      .refine((count) => count >= 1, 'has to be at least 1')
      .default(2048),
    /**
     * Links to services and visits of them that one caller may have at once, in all proxies together. Beyond that 429
     * `rate_limit_exceeded`.
     */
    MAX_VISITS_PER_CALLER: wholeNumber
      .refine((count) => count >= 1, 'has to be at least 1')
      .default(256),
    /**
     * Client connections at once, per process: at most half of the files that it may have open, for each may need another
     * one to an engine. Beyond that those go on which no request is under way, those first that ask seldom; where there
     * is none, new ones are closed unread.
     */
    MAX_CONNECTIONS: wholeNumber
      .refine((count) => count >= 1, 'has to be at least 1')
      .default(16_384),
    /** Within this time the head of a request has to arrive, from its first byte on; the first one from the connection on. */
    HEAD_TIMEOUT: durationSeconds.refine((time) => time > 0, 'has to be more than 0').default(20),
    /** Largest head of a request: at least 8KiB. Larger ones are told 431. */
    MAX_HEAD: byteSize
      .refine((bytes) => bytes >= 8192, 'has to be at least 8KiB')
      .default(16 * 1024),
    /**
     * Requests of one connection that may wait behind each other for their answers. The connection ends with the answer to the
     * last of them.
     */
    MAX_PIPELINED: wholeNumber.refine((count) => count >= 1, 'has to be at least 1').default(64),
    /** How long a connection is kept on which nothing is asked: longer than balancers in front keep theirs (60 s). */
    IDLE_TIMEOUT: durationSeconds.refine((time) => time > 0, 'has to be more than 0').default(65),
    /** Largest request body. */
    MAX_BODY: byteSize.default(32 * 1024 * 1024),
    /** Most memory for the bodies of all requests that wait or are being sent. One project never gets all of it. */
    MAX_BODIES: byteSize.default(512 * 1024 * 1024),
    /** Within this time a request body has to arrive, or another 256 KiB of it. */
    BODY_TIMEOUT: durationSeconds.default(60),
    /**
     * Directory of the spool: records of requests on their way to Postgres. On a disk that outlives the process, and its
     * container; proxies of one user on one machine may share it. Refused where another user owns it (root may), or
     * everybody may write to it. Unset: `wakefield/usage-<installation>` in `$XDG_STATE_HOME`, or in `~/.local/state`.
     */
    USAGE_SPOOL: z.string().min(1).optional(),
    /** Where this user keeps what programs remember: the spool is in it, where `USAGE_SPOOL` says nothing. */
    XDG_STATE_HOME: z.string().optional(),
    /**
     * Most bytes in the spool, per process: at least 16MiB, a few of its files. What comes beyond that is not counted;
     * requests are served all the same.
     */
    USAGE_SPOOL_MAX: byteSize
      .refine((bytes) => bytes >= 16 * 1024 ** 2, 'has to be at least 16MiB')
      .default(1024 ** 3),
    /**
     * Engines (`vllm`), and models (`<project>/<hf_model_id>`), whose streams are not asked for their usage where callers
     * do not ask for it themselves: their tokens are estimated.
     */
    USAGE_LEAVE_ALONE: commaList.default([]),
    /**
     * A client that takes nothing of its answer for so long is cut off; a realtime session whose engine takes nothing of what
     * its client says is closed.
     */
    STALL_TIMEOUT: durationSeconds.default(60),
    /**
     * A session over WebSocket ends when neither side says anything for so long, not even a ping: earlier where
     * `BETWEEN_BYTES_TIMEOUT` is shorter. 0: no limit.
     */
    SESSION_IDLE_TIMEOUT: durationSeconds.default(600),
    /** `off`: all requests are read by node:http, none by the fast front (docs/adr/0018-a-front-of-our-own.md). */
    FAST_PATH: z.enum(['on', 'off']).default('on'),
    /** How long connections are still accepted after SIGTERM: as long as balancers take to notice `/readyz`. */
    DRAIN_DELAY: durationSeconds.default(0),
    /**
     * How long running and held requests may go on once no more connections are accepted: longer than `HOLD_TIMEOUT`,
     * and than the longest streams.
     */
    SHUTDOWN_TIMEOUT: durationSeconds.default(1200),
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
    workers: env.PROXY_WORKERS,
    redisUrl: env.REDIS_URL,
    localKey: env.API_LOCAL_KEY ?? null,
    authFile: env.WAKEFIELD_AUTH ?? null,
    limitsFile: env.WAKEFIELD_LIMITS ?? null,
    clustersFile: env.WAKEFIELD_CLUSTERS ?? null,
    apiUrl: env.API_URL,
    trustedProxies: env.TRUSTED_PROXIES,
    servicesUrl: env.SERVICES_URL ?? null,
    mostVisits: env.MAX_VISITS_PER_CALLER,
    held: { perModel: env.MAX_HELD_PER_MODEL, perProcess: env.MAX_HELD },
    servicesAtOnce: {
      perCaller: env.MAX_SERVICE_REQUESTS_PER_CALLER,
      perProcess: env.MAX_SERVICE_REQUESTS,
    },
    holdMs: env.HOLD_TIMEOUT * 1000,
    times: {
      connectMs: env.CONNECT_TIMEOUT * 1000,
      firstByteMs: limitMs(env.FIRST_BYTE_TIMEOUT),
      betweenBytesMs: limitMs(env.BETWEEN_BYTES_TIMEOUT),
      totalMs: limitMs(env.TOTAL_TIMEOUT),
    },
    door: {
      mostConnections: env.MAX_CONNECTIONS,
      headersTimeoutMs: env.HEAD_TIMEOUT * 1000,
      mostHeadBytes: env.MAX_HEAD,
      mostPipelined: env.MAX_PIPELINED,
      keepAliveTimeoutMs: env.IDLE_TIMEOUT * 1000,
    },
    body: { maxBytes: env.MAX_BODY, timeoutMs: env.BODY_TIMEOUT * 1000 },
    usage: {
      spool: env.USAGE_SPOOL ?? null,
      stateHome: env.XDG_STATE_HOME ?? null,
      spoolMaxBytes: env.USAGE_SPOOL_MAX,
      leftAlone: env.USAGE_LEAVE_ALONE,
    },
    stallMs: env.STALL_TIMEOUT * 1000,
    sessionIdleMs: limitMs(env.SESSION_IDLE_TIMEOUT),
    bodyRoomBytes: env.MAX_BODIES,
    fastPath: env.FAST_PATH === 'on',
    drainDelayMs: env.DRAIN_DELAY * 1000,
    drainMs: env.SHUTDOWN_TIMEOUT * 1000,
  }));

/** 0 is no limit. */
function limitMs(seconds: number): number {
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
}

export type Config = z.output<typeof configSchema>;
