export type { TestDatabase } from './postgres.ts';
export { emptyTestDatabase, testDatabase } from './postgres.ts';
export type { CapturedLog } from './queue-fixture.ts';
export { captureLog, until } from './queue-fixture.ts';
export type { PrivateRedis, TestRedis } from './redis.ts';
export { privateRedis, testRedis, uniqueInstallation } from './redis.ts';
export { SAMPLE_NOW, sampleModel, sampleSpec } from './samples.ts';
export type { StoreFixture } from './store-fixture.ts';
export { intention, storeFixture } from './store-fixture.ts';
