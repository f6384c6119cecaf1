export type { DatabaseOptions as StoreOptions } from './database.ts';
export { migrate, migrationsFolder } from './migrate.ts';
export type { Store } from './open-store.ts';
export { openStore } from './open-store.ts';
