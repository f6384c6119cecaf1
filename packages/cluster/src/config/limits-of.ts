import type { ClusterBounds, ClusterLimits, ProjectName } from '@wakefield/domain';
import type { ClusterConfig } from './load-clusters.ts';

/** Ceilings on live jobs: those of all projects, and those of one, whose own numbers replace the defaults one by one. */
export function limitsOf(config: ClusterConfig, project: ProjectName): ClusterLimits {
  const own = Object.hasOwn(config.projects, project)
    ? config.projects[project]?.limits
    : undefined;
  const { jobs, gpus } = { ...config.defaults.limits, ...own };
  return { jobs: config.limits.jobs, project: { jobs: jobs ?? null, gpus: gpus ?? null } };
}

/** The most that one job may ask for by the configuration alone. */
export function boundsOfLimits({ limits }: Pick<ClusterConfig, 'limits'>): ClusterBounds {
  const { walltime, gpusPerJob } = limits;
  return {
    ...(gpusPerJob === null ? {} : { gpus: gpusPerJob }),
    ...(walltime === null ? {} : { minutes: Math.floor(walltime / 60_000) }),
  };
}
