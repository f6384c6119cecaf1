import type { ClusterLimits, ProjectName } from '@wakefield/domain';
import type { ClusterConfig } from './load-clusters.ts';

/** Ceilings on live jobs: those of all projects, and those of one, whose own numbers replace the defaults one by one. */
export function limitsOf(config: ClusterConfig, project: ProjectName): ClusterLimits {
  const own = Object.hasOwn(config.projects, project)
    ? config.projects[project]?.limits
    : undefined;
  const { jobs, gpus } = { ...config.defaults.limits, ...own };
  return { jobs: config.limits.jobs, project: { jobs: jobs ?? null, gpus: gpus ?? null } };
}
