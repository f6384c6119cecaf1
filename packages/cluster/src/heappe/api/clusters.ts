import { z } from 'zod';
import type { Wire } from '../wire.ts';
import { type ClusterInfo, cluster, type NodeType, nodeType, project } from './wire-types.ts';

const membership = z.object({
  Project: project,
  Role: z.object({ Name: z.string() }).nullish(),
});
/** A project that we belong to, once for each role. */
export type Membership = z.output<typeof membership>;

export interface ClusterApi {
  /** Roles of ours, expired projects included. */
  memberships(signal: AbortSignal): Promise<readonly Membership[]>;
  /**
   * Of all our projects: HEAppE's own filter takes accounting strings to the letter. Node types without a command template
   * are not in it. Fresh where the version can; else up to 150 minutes old.
   */
  list(signal: AbortSignal): Promise<readonly ClusterInfo[]>;
  /** All node types; needs the role ManagementAdmin. */
  nodeTypes(signal: AbortSignal): Promise<readonly NodeType[]>;
}

export function createClusterApi(wire: Wire): ClusterApi {
  return {
    async memberships(signal) {
      const path = 'UserAndLimitationManagement/ProjectsForCurrentUser';
      return await wire.json({ method: 'GET', path }, z.array(membership), signal);
    },
    async list(signal) {
      const { forceRefresh } = await wire.features(signal);
      const query = forceRefresh ? { ForceRefresh: true } : {};
      const path = 'ClusterInformation/ListAvailableClusters';
      return await wire.json({ method: 'GET', path, query }, z.array(cluster), signal);
    },
    async nodeTypes(signal) {
      const path = 'Management/ClusterNodeTypes';
      return await wire.json({ method: 'GET', path }, z.array(nodeType), signal);
    },
  };
}
