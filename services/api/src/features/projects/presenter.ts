import type { ProjectDetailsJson, ProjectJson } from '@wakefield/contracts';
import type {
  Activation,
  ClusterName,
  ClusterReachability,
  Command,
  ModelState,
  Project,
} from '@wakefield/domain';
import { iso, isoOrNull } from '../../http/iso.ts';

export type ClusterStatuses = ReadonlyMap<ClusterName, ClusterReachability>;

/**
 * What an activation has just shown: its cluster answers. The last look at that cluster may be older, and of before
 * somebody mended its settings.
 * @param command the activation, applied just now
 */
export function asProven(
  statuses: ClusterStatuses,
  { body, finishedAt }: Command,
  project: Project,
): ClusterStatuses {
  const name = body.kind === 'activate' ? (body.cluster ?? onlyOne(project)) : null;
  if (name === null || finishedAt === null) return statuses;
  const seenAt = statuses.get(name)?.observedAt ?? 0;
  const observedAt = Math.max(seenAt, finishedAt);
  const proven = { reachable: true, observedAt, error: null, silence: null };
  return new Map(statuses).set(name, proven);
}

/** Which cluster an activation without one asked is the scheduler's to know, unless there is only one. */
function onlyOne({ clusters }: Project): ClusterName | null {
  return clusters.length === 1 ? (clusters[0] ?? null) : null;
}

function presentActivation({ cluster, at, steps }: Activation) {
  return { cluster, at: iso(at), steps: [...steps] };
}

/** @param activations null: they are not shown */
export function presentProject(
  project: Project,
  statuses: ClusterStatuses,
  activations: readonly Activation[] | null,
): ProjectJson {
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
    ...(activations === null ? {} : { activations: activations.map(presentActivation) }),
    created_at: iso(project.createdAt),
    updated_at: iso(project.updatedAt),
  };
}

export function presentProjectDetails(
  project: Project,
  statuses: ClusterStatuses,
  activations: readonly Activation[],
  states: readonly ModelState[],
): ProjectDetailsJson {
  const count = (state: ModelState) => states.filter((candidate) => candidate === state).length;
  return {
    ...presentProject(project, statuses, activations),
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
