import type { ProjectDetailsJson, ProjectJson } from '@wakefield/contracts';
import type { ClusterName, ClusterReachability, ModelState, Project } from '@wakefield/domain';
import { iso, isoOrNull } from '../../http/iso.ts';

export type ClusterStatuses = ReadonlyMap<ClusterName, ClusterReachability>;

export function presentProject(project: Project, statuses: ClusterStatuses): ProjectJson {
  return {
    project: project.name,
    clusters: project.clusters.map((name) => {
      const status = statuses.get(name);
      return {
        name,
        reachable: status === undefined || status.observedAt === null ? null : status.reachable,
        observed_at: isoOrNull(status?.observedAt ?? null),
        error: status?.error ?? null,
      };
    }),
    created_at: iso(project.createdAt),
    updated_at: iso(project.updatedAt),
  };
}

export function presentProjectDetails(
  project: Project,
  statuses: ClusterStatuses,
  states: readonly ModelState[],
): ProjectDetailsJson {
  const count = (state: ModelState) => states.filter((candidate) => candidate === state).length;
  return {
    ...presentProject(project, statuses),
    models: {
      total: states.length,
      not_loaded: count('not_loaded'),
      queued: count('queued'),
      loading: count('loading'),
      ready: count('ready'),
      busy: count('busy'),
      failed: count('failed'),
    },
  };
}
