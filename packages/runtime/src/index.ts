export { authorityOf, urlOf } from './authority.ts';
export type { ConfigProblem, ConfigSchema, Environment } from './config.ts';
export { loadConfig } from './config.ts';
export {
  byteSize,
  commaList,
  databaseUrl,
  durationSeconds,
  flag,
  hookUrl,
  httpUrl,
  listenPort,
  processVariables,
  redisUrl,
  secret,
  signingKey,
  signingSecret,
  wholeNumber,
} from './config-pieces.ts';
export { describeConfig } from './describe-config.ts';
export { endUnlessRead } from './end-unless-read.ts';
export type { ErrorRecord } from './error-record.ts';
export type { CheckOptions, CheckResult, Health, HealthReport } from './health.ts';
export { createHealth } from './health.ts';
export type { HostProcess, Lifecycle, LifecycleOptions, ReadyMessage } from './lifecycle.ts';
export { createLifecycle } from './lifecycle.ts';
export type { ListenPlace } from './listen.ts';
export { listenOptions, listenVariables, socketCheck } from './listen.ts';
export { errorText, logText, quoted, quotedOrNull } from './log-text.ts';
export type { Logger, LoggerOptions } from './logger.ts';
export { createLogger } from './logger.ts';
export type { Counter, Exposition, Gauge, Histogram, Metrics } from './metrics.ts';
export { answerBuckets, createMetrics, keepTotals, sumMetrics, wakeBuckets } from './metrics.ts';
export type { OpsServer, OpsServerOptions } from './ops-server.ts';
export { startOpsServer } from './ops-server.ts';
export { remembered } from './remembered.ts';
export { requestId } from './request-id.ts';
export { deathsInARow, restartDelayMs } from './restart-delay.ts';
export { runMain } from './run-main.ts';
// Part of the type of a configuration: declarations of services name it.
export type { Secret } from './secret.ts';
export type { TraceContext } from './trace-context.ts';
export {
  newTraceId,
  parseTraceparent,
  traceContext,
  traceparent,
} from './trace-context.ts';
export type { FlushableDestination } from './turn-batch.ts';
export { turnBatch } from './turn-batch.ts';
export { someWayIn } from './way-in.ts';
export { within } from './within.ts';
