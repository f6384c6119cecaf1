import type { ProjectStore } from '@wakefield/control';
import type { Activation, ClusterName, Project, ProjectName } from '@wakefield/domain';
import { asc, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { projectActivations, projectClusters, projects } from './schema/projects.ts';

export function projectStore(database: Database): ProjectStore {
  return {
    get: async (name) => await database.run((queries) => readProject(queries, name)),
    activations: async (name) => await database.run((queries) => readActivations(queries, name)),
    list: async () => await database.run((queries) => select(queries).orderBy(inByteOrder)),
  };
}

export async function readProject(queries: Queries, name: string): Promise<Project | null> {
  const [project] = await select(queries).where(eq(projects.name, name));
  return project ?? null;
}

async function readActivations(queries: Queries, name: string): Promise<readonly Activation[]> {
  const { cluster, at, steps } = projectActivations;
  return await queries
    .select({ cluster, at, steps })
    .from(projectActivations)
    .where(eq(projectActivations.project, name))
    .orderBy(asc(projectActivations.cluster));
}

/** In place of what was known of the project on that cluster. */
export async function saveActivation(
  queries: Queries,
  project: ProjectName,
  activation: Activation,
): Promise<void> {
  const { at, steps } = activation;
  await queries
    .insert(projectActivations)
    .values({ project, ...activation })
    .onConflictDoUpdate({
      target: [projectActivations.project, projectActivations.cluster],
      set: { at, steps },
    });
}

/** Inserts the project or makes it look like this. */
export async function saveProject(queries: Queries, project: Project): Promise<void> {
  const { clusters, ...row } = project;
  await queries
    .insert(projects)
    .values(row)
    .onConflictDoUpdate({ target: projects.name, set: row });
  await queries.delete(projectClusters).where(eq(projectClusters.project, project.name));
  if (clusters.length === 0) return;
  await queries
    .insert(projectClusters)
    .values(clusters.map((cluster, position) => ({ project: project.name, cluster, position })));
}

const inByteOrder = asc(sql`${projects.name} collate "C"`);

const clusterNames = sql<readonly ClusterName[]>`array(
  select ${projectClusters.cluster} from ${projectClusters}
  where ${projectClusters.project} = ${projects.name}
  order by ${projectClusters.position}
)`;

function select(queries: Queries) {
  return queries
    .select({ ...getTableColumns(projects), clusters: clusterNames })
    .from(projects)
    .$dynamic();
}
