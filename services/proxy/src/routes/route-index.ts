import type {
  Endpoint,
  JobId,
  ModelId,
  ProjectName,
  Route,
  RouteTable,
  ServiceRoute,
} from '@wakefield/domain';

/** One route table, laid out for look-ups. Never changed: a new table makes a new index. */
export interface RouteIndex {
  readonly revision: number;
  hasProject(project: ProjectName): boolean;
  find(project: ProjectName, hfModelId: string): Route | null;
  byModel(modelId: ModelId): Route | null;
  /** Routes of a project, by model name. */
  list(project: ProjectName): readonly Route[];
  /** By its own id, or by that of one of its jobs: those of several clusters may have the same one. Newest first. */
  servicesCalled(id: string): readonly ServiceRoute[];
  /** Where jobs are that may get new requests. */
  readonly endpoints: ReadonlyMap<JobId, Endpoint>;
  /** Jobs that may be at work on requests; what runs on another one has lost its engine. */
  readonly serving: ReadonlySet<JobId>;
}

export function indexRoutes(table: RouteTable): RouteIndex {
  const projects = new Map<ProjectName, Map<string, Route>>();
  for (const project of table.projects) projects.set(project, new Map());
  const models = new Map<ModelId, Route>();
  const endpoints = new Map<JobId, Endpoint>();
  const sorted = table.routes.toSorted((a, b) => (a.hfModelId < b.hfModelId ? -1 : 1));
  for (const route of sorted) {
    projects.get(route.project)?.set(route.hfModelId, route);
    models.set(route.modelId, route);
    for (const endpoint of route.endpoints) endpoints.set(endpoint.jobId, endpoint);
  }
  const services = indexServices(table.services);
  return {
    revision: table.revision,
    hasProject: (project) => projects.has(project),
    find: (project, hfModelId) => projects.get(project)?.get(hfModelId) ?? null,
    byModel: (modelId) => models.get(modelId) ?? null,
    list: (project) => [...(projects.get(project)?.values() ?? [])],
    servicesCalled: (id) => services.get(id) ?? [],
    endpoints,
    serving: new Set(table.serving),
  };
}

/** @param services newest first, as a table has them */
function indexServices(
  services: readonly ServiceRoute[],
): ReadonlyMap<string, readonly ServiceRoute[]> {
  const called = new Map<string, ServiceRoute[]>();
  for (const service of services) {
    for (const id of new Set([service.serviceId, ...service.clusterJobIds])) {
      const others = called.get(id);
      if (others === undefined) called.set(id, [service]);
      else others.push(service);
    }
  }
  return called;
}
