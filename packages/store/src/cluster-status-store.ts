import type { ClusterStatusStore } from '@wakefield/control';
import type { Database } from './database.ts';
import { assertHeld, clusterKey } from './fence.ts';
import { clusters } from './schema/clusters.ts';

export function clusterStatusStore(database: Database): ClusterStatusStore {
  return {
    save: async (name, { reachable, observedAt, error, nextLookAt }, lease) => {
      const status = { reachable, observedAt, error, nextLookAt };
      await database.transaction(async (queries) => {
        if (lease !== undefined) await assertHeld(queries, lease, [clusterKey(name)]);
        await queries
          .insert(clusters)
          .values({ name, ...status })
          .onConflictDoUpdate({ target: clusters.name, set: status });
      });
    },
    list: async () => {
      const rows = await database.run((queries) => queries.select().from(clusters));
      return new Map(rows.map(({ name, ...status }) => [name, status]));
    },
  };
}
