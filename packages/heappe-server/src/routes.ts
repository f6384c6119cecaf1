import { clusterRoutes } from './endpoints/clusters.ts';
import { dataTransferRoutes } from './endpoints/data-transfer.ts';
import { fileRoutes } from './endpoints/file-transfer.ts';
import { healthRoutes } from './endpoints/health.ts';
import { jobRoutes } from './endpoints/jobs.ts';
import { templateRoutes } from './endpoints/templates.ts';
import { userRoutes } from './endpoints/users.ts';
import type { Route } from './http/routes.ts';
import type { VersionTraits } from './versions.ts';

/** All that a version answers. */
export function routesOf(traits: VersionTraits): readonly Route[] {
  return [
    ...healthRoutes,
    ...userRoutes,
    ...clusterRoutes,
    ...templateRoutes,
    ...jobRoutes,
    ...fileRoutes,
    ...dataTransferRoutes(traits),
  ];
}
