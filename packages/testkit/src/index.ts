export type { CuttableLine } from './cuttable-line.ts';
export { cuttableLine } from './cuttable-line.ts';
export type { DemandWindow } from './demand-window.ts';
export { demandOf, openDemandWindow } from './demand-window.ts';
export { eventually } from './eventually.ts';
export type { TestHeappe } from './heappe.ts';
export { pastHeappe, startTestHeappe } from './heappe.ts';
export type { TestHeappeEngines } from './heappe-engine.ts';
export {
  heappeEngineKey,
  heappeServedNames,
  startTestHeappeEngines,
} from './heappe-engine.ts';
export { nastyTrace, nastyValues } from './nasty-values.ts';
export type { TestDatabase } from './postgres.ts';
export { emptyTestDatabase } from './postgres.ts';
export type { PrivatePostgres } from './private-postgres.ts';
export { privatePostgres } from './private-postgres.ts';
export type { CapturedLog, QueueFixture } from './queue-fixture.ts';
export { captureLog, openQueueFixture, until } from './queue-fixture.ts';
export type { QueueWorker } from './queue-worker.ts';
export { startQueueWorker } from './queue-worker.ts';
export type { PrivateRedis, TestRedis } from './redis.ts';
export { privateRedis, testRedis } from './redis.ts';
export {
  SAMPLE_NOW,
  sampleJob,
  sampleModel,
  sampleServiceSpec,
  sampleSpec,
} from './samples.ts';
export type { SlurmClusterConfig, TestSlurm } from './slurm.ts';
export { startTestSlurm } from './slurm.ts';
export type { StoreFixture } from './store-fixture.ts';
export { intention, storeFixture } from './store-fixture.ts';
export type { StoreWindow } from './store-window.ts';
export { openStoreWindow } from './store-window.ts';
