import { defaultPolicy } from '@wakefield/domain';
import {
  commaList,
  databaseUrl,
  durationSeconds,
  hookUrl,
  processVariables,
  redisUrl,
  type Secret,
  signingSecret,
  wholeNumber,
} from '@wakefield/runtime';
import { z } from 'zod';

interface WebhookVariables {
  readonly SERVICE_WEBHOOK_URL?: Secret | undefined;
  readonly SERVICE_WEBHOOK_SECRET?: Secret | undefined;
}

/** Nothing is sent unsigned. */
const bothOrNone = z.refine<WebhookVariables>(
  ({ SERVICE_WEBHOOK_URL: url, SERVICE_WEBHOOK_SECRET: secret }) => !url || secret !== undefined,
  { path: ['SERVICE_WEBHOOK_SECRET'], error: 'has to be set where SERVICE_WEBHOOK_URL is' },
);

/** Where services are told of, and the key that it is signed with. */
export interface WebhookConfig {
  readonly url: Secret;
  readonly secret: Secret;
}

function webhookOf({
  SERVICE_WEBHOOK_URL: url,
  SERVICE_WEBHOOK_SECRET: secret,
}: WebhookVariables): WebhookConfig | null {
  return url === undefined || secret === undefined ? null : { url, secret };
}

/** Environment of the scheduler. */
export const configSchema = z
  .object({
    ...processVariables,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    /** Path of clusters.yaml. */
    WAKEFIELD_CLUSTERS: z.string().min(1),
    /** Folders with recipes of the site, besides the built-in ones. */
    WAKEFIELD_RECIPES: commaList.default([]),
    DATABASE_POOL: wholeNumber.default(10),
    /** Models that one process works on at once. */
    RECONCILE_CONCURRENCY: wholeNumber.default(16),
    /** Longest time a draining job may keep its streams where a person wants it ended or nobody knows its end; else they have until shortly before its end. */
    DRAIN_TIMEOUT: durationSeconds.default(defaultPolicy.drainTimeoutMs / 1000),
    /** At least this long after a change of an autoscaled model's number of jobs the next ones are added; not while requests wait for one. */
    SCALE_UP_COOLDOWN: durationSeconds.default(defaultPolicy.scaleUpCooldownMs / 1000),
    /** A job of an autoscaled model is taken away once the load has done without it for so long. */
    SCALE_DOWN_COOLDOWN: durationSeconds.default(defaultPolicy.scaleDownCooldownMs / 1000),
    /** How long nobody looks at a cluster that is not configured any more before its jobs are given up. */
    CLUSTER_GONE_AFTER: durationSeconds.default(900),
    /**
     * How long the record of each request is kept: at least a day, and as long as a spool of a proxy may be away. What
     * is shipped again is passed over only while its record is there.
     */
    USAGE_RETENTION: durationSeconds
      .refine((seconds) => seconds >= 86_400, 'has to be at least a day')
      .default(90 * 86_400),
    /** How long sums of usage by the hour are kept: as far back as `GET /p/<project>/usage` can look. */
    USAGE_SUMS_RETENTION: durationSeconds.default(3 * 365 * 86_400),
    /** Where services are told of ([webhooks](../services.md#webhooks)); unset: nobody is told. The same for all schedulers. */
    SERVICE_WEBHOOK_URL: hookUrl.optional(),
    /** What the receiver knows us by: `whsec_` and 24 to 64 random bytes in base64. Required where there is a `SERVICE_WEBHOOK_URL`. */
    SERVICE_WEBHOOK_SECRET: signingSecret.optional(),
    /** So many minutes before its end, but in the last tenth of its walltime, `service.ending` tells of a service. */
    SERVICE_ENDING_MINUTES: wholeNumber
      .refine((minutes) => minutes >= 1, 'has to be at least 1')
      .default(defaultPolicy.endingNoticeMs / 60_000),
    /** Time that running work has to finish after SIGTERM. */
    SHUTDOWN_TIMEOUT: durationSeconds.default(8),
  })
  .check(bothOrNone)
  .transform((env) => ({
    installation: env.WAKEFIELD_INSTALLATION,
    logLevel: env.LOG_LEVEL,
    ops: { host: env.OPS_HOST, port: env.OPS_PORT },
    databaseUrl: env.DATABASE_URL,
    databasePool: env.DATABASE_POOL,
    redisUrl: env.REDIS_URL,
    clustersFile: env.WAKEFIELD_CLUSTERS,
    recipeFolders: env.WAKEFIELD_RECIPES,
    reconcileConcurrency: env.RECONCILE_CONCURRENCY,
    drainTimeoutMs: env.DRAIN_TIMEOUT * 1000,
    scaleUpCooldownMs: env.SCALE_UP_COOLDOWN * 1000,
    scaleDownCooldownMs: env.SCALE_DOWN_COOLDOWN * 1000,
    clusterGoneAfterMs: env.CLUSTER_GONE_AFTER * 1000,
    keepUsage: {
      recordsMs: env.USAGE_RETENTION * 1000,
      sumsMs: env.USAGE_SUMS_RETENTION * 1000,
    },
    webhook: webhookOf(env),
    endingNoticeMs: env.SERVICE_ENDING_MINUTES * 60_000,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT * 1000,
  }));

export type Config = z.output<typeof configSchema>;
