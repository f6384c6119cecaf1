import type { JobId, ModelId, ProjectName, Route, RouteTable } from '@wakefield/domain';

/** One route table, laid out for look-ups. Never changed: a new table makes a new index. */
export interface RouteIndex {
  readonly revision: number;
  hasProject(project: ProjectName): boolean;
  find(project: ProjectName, hfModelId: string): Route | null;
  byModel(modelId: ModelId): Route | null;
  /** Routes of a project, by model name. */
  list(project: ProjectName): readonly Route[];
  /** Jobs that may get new requests. */
  readonly endpoints: ReadonlySet<JobId>;
}

export function indexRoutes(table: RouteTable): RouteIndex {
  const projects = new Map<ProjectName, Map<string, Route>>();
  for (const project of table.projects) projects.set(project, new Map());
  const models = new Map<ModelId, Route>();
  const endpoints = new Set<JobId>();
  const sorted = table.routes.toSorted((a, b) => (a.hfModelId < b.hfModelId ? -1 : 1));
  for (const route of sorted) {
    projects.get(route.project)?.set(route.hfModelId, route);
    models.set(route.modelId, route);
    for (const { jobId } of route.endpoints) endpoints.add(jobId);
  }
  return {
    revision: table.revision,
    hasProject: (project) => projects.has(project),
    find: (project, hfModelId) => projects.get(project)?.get(hfModelId) ?? null,
    byModel: (modelId) => models.get(modelId) ?? null,
    list: (project) => [...(projects.get(project)?.values() ?? [])],
    endpoints,
  };
}
