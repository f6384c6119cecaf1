import type { ClusterName, ProjectName } from './ids.ts';
import type { EpochMs } from './time.ts';

/** Tenant. Bound to at least one cluster, in order of activation; the first is its default. */
export interface Project {
  readonly name: ProjectName;
  readonly clusters: readonly ClusterName[];
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}
