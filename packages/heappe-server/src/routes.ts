import { administrationRoutes } from './endpoints/administration.ts';
import { clusterRoutes } from './endpoints/clusters.ts';
import { dataTransferRoutes } from './endpoints/data-transfer.ts';
import { directTransferRoutes } from './endpoints/direct-transfer.ts';
import { fileRoutes } from './endpoints/file-transfer.ts';
import { healthRoutes } from './endpoints/health.ts';
import { jobRoutes } from './endpoints/jobs.ts';
import { peopleRoutes } from './endpoints/people.ts';
import { templateParameterRoutes } from './endpoints/template-parameters.ts';
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
    ...administrationRoutes,
    ...peopleRoutes,
    ...templateRoutes(traits),
    ...templateParameterRoutes,
    ...jobRoutes(traits),
    ...fileRoutes,
    ...directTransferRoutes,
    ...dataTransferRoutes(traits),
  ];
}
