import type { Endpoint, JobId, ModelId, ProjectName, Route, RouteTable } from '@wakefield/domain';

/** One route table, laid out for look-ups. Never changed: a new table makes a new index. */
export interface RouteIndex {
  readonly revision: number;
  hasProject(project: ProjectName): boolean;
  find(project: ProjectName, hfModelId: string): Route | null;
  byModel(modelId: ModelId): Route | null;
  /** Routes of a project, by model name. */
  list(project: ProjectName): readonly Route[];
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
  return {
    revision: table.revision,
    hasProject: (project) => projects.has(project),
    find: (project, hfModelId) => projects.get(project)?.get(hfModelId) ?? null,
    byModel: (modelId) => models.get(modelId) ?? null,
    list: (project) => [...(projects.get(project)?.values() ?? [])],
    endpoints,
    serving: new Set(table.serving),
  };
}
