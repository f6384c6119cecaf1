import type { Stores } from '@wakefield/control';
import { clusterStatusStore } from './cluster-status-store.ts';
import { commandStore } from './command-store.ts';
import { type DatabaseOptions, openDatabase } from './database.ts';
import { jobStore } from './job-store.ts';
import { leaseStore } from './lease-store.ts';
import { modelStore } from './model-store.ts';
import { noticeStore } from './notice-store.ts';
import { projectStore } from './project-store.ts';
import { readRevision, routeStore } from './route-store.ts';
import { serviceStore } from './service-store.ts';
import { usageStore } from './usage-store.ts';

/** Every store port on one pool. */
export interface Store {
  readonly stores: Stores;
  /**
   * Resolves when the database answers and is migrated.
   * @throws AppError `store_unavailable`, StoreError before the first migration
   */
  ping(): Promise<void>;
  /** Waits for what is under way; safe to call twice. */
  close(): Promise<void>;
}

/** Connects when first asked for something: a process can start before its database does. */
export function openStore(options: DatabaseOptions): Store {
  const database = openDatabase(options);
  return {
    stores: {
      commands: commandStore(database),
      models: modelStore(database),
      jobs: jobStore(database),
      projects: projectStore(database),
      routes: routeStore(database),
      leases: leaseStore(database),
      clusters: clusterStatusStore(database),
      services: serviceStore(database),
      notices: noticeStore(database),
      usage: usageStore(database),
    },
    ping: async () => {
      await database.run(readRevision);
    },
    close: () => database.close(),
  };
}
