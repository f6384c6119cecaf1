import type { ServiceSpec } from '@wakefield/domain';
import type { ResolvedService } from './resolve.ts';

/** What is kept of a service from its start on: what was resolved, and what its caller says beside that. */
export function specOf(
  { resources: { time_limit: walltimeMinutes, ...resources }, ...resolved }: ResolvedService,
  { name, cluster, keep }: Pick<ServiceSpec, 'name' | 'cluster' | 'keep'>,
): ServiceSpec {
  return { ...resolved, name, cluster, keep, resources: { ...resources, walltimeMinutes } };
}
