export type { TestDatabase } from './postgres.ts';
export { emptyTestDatabase, testDatabase } from './postgres.ts';
