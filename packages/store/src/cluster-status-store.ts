import type { ClusterStatusStore } from '@wakefield/control';
import type { Silence } from '@wakefield/domain';
import { eq } from 'drizzle-orm';
import type { Database } from './database.ts';
import { assertHeld, clusterKey } from './fence.ts';
import { clusters } from './schema/clusters.ts';

export function clusterStatusStore(database: Database): ClusterStatusStore {
  return {
    save: async (name, { reachable, observedAt, error, silence, nextLookAt }, lease) => {
      const status = { reachable, observedAt, error, ...fromSilence(silence), nextLookAt };
      await database.transaction(async (queries) => {
        if (lease !== undefined) await assertHeld(queries, lease, [clusterKey(name)]);
        await queries
          .insert(clusters)
          .values({ name, ...status })
          .onConflictDoUpdate({ target: clusters.name, set: status });
      });
    },
    saveBounds: async (name, bounds, lease) => {
      await database.transaction(async (queries) => {
        await assertHeld(queries, lease, [clusterKey(name)]);
        await queries.update(clusters).set({ bounds }).where(eq(clusters.name, name));
      });
    },
    list: async () => {
      const rows = await database.run((queries) => queries.select().from(clusters));
      return new Map(
        rows.map(({ name, silentSince, silentLooks, ...status }) => [
          name,
          { ...status, silence: toSilence(silentSince, silentLooks) },
        ]),
      );
    },
  };
}

function fromSilence(silence: Silence | null) {
  return { silentSince: silence?.since ?? null, silentLooks: silence?.looks ?? 0 };
}

function toSilence(since: number | null, looks: number): Silence | null {
  return since === null ? null : { since, looks };
}
