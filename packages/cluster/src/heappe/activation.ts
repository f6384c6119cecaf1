import { ActivationBroken, ClusterError } from '@wakefield/control';
import type { ActivationStep, ProjectName } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import { type ActivationMode, ensureTemplate, StepFailed } from './activation-templates.ts';
import type { Membership } from './api/clusters.ts';
import type { ClusterInfo, ProjectInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { HeappeError } from './failures.ts';
import { described, findPlace, isNamed, isNodeType, matchingNodeTypes } from './place.ts';
import { accountingStringOf, nodeTypeOf, templatesOf } from './settings-of.ts';

/** Whether only to look, and who wants to know what HEAppE listed when all was done. */
interface ActivationOptions {
  readonly mode?: ActivationMode;
  readonly onListed?: (clusters: readonly ClusterInfo[]) => void;
}

/**
 * Makes what jobs of a project need in HEAppE: its command templates on the node type. Again and again without harm.
 * @returns what was found and done; the first step that failed is the last one
 * @throws ActivationBroken when HEAppE does not answer, or does not know us
 */
export async function activateProject(
  config: HeappeConfig,
  client: HeappeClient,
  name: ProjectName,
  signal: AbortSignal,
  { mode = 'make', onListed = () => undefined }: ActivationOptions = {},
): Promise<readonly ActivationStep[]> {
  const steps: ActivationStep[] = [];
  /** @throws StepFailed after it was noted; ActivationBroken where nobody can say what helps */
  const step = async <T>(what: string, work: () => Promise<readonly [string, T]>): Promise<T> => {
    try {
      const [detail, value] = await work();
      steps.push({ step: what, status: 'done', detail, remedy: null });
      return value;
    } catch (error) {
      if (error instanceof StepFailed)
        steps.push({ step: what, status: 'failed', detail: error.message, remedy: error.remedy });
      throw error instanceof ClusterError ? new ActivationBroken(steps, what, error) : error;
    }
  };
  try {
    await walk({ config, client, name, mode, onListed }, step, signal);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
  return steps;
}

type Step = <T>(what: string, work: () => Promise<readonly [string, T]>) => Promise<T>;

interface Task {
  readonly config: HeappeConfig;
  readonly client: HeappeClient;
  readonly name: ProjectName;
  readonly mode: ActivationMode;
  readonly onListed: (clusters: readonly ClusterInfo[]) => void;
}

async function walk(task: Task, step: Step, signal: AbortSignal): Promise<void> {
  const { config, client, name, mode } = task;
  await step('sign-in', async () => {
    await client.signIn();
    return [`HEAppE ${await client.version(signal)}`, null];
  });
  const accounting = accountingStringOf(config, name);
  const project = await step('project', async () =>
    projectOf(await client.clusters.memberships(signal), accounting, mode, Date.now()),
  );
  const { clusters, nodeTypeId } = await step('node type', async () => {
    const listed = await client.clusters.list(signal);
    const [words, id] = await nodeTypeIdOf(task, listed, signal);
    return [words, { clusters: listed, nodeTypeId: id }];
  });
  const manage = {
    config,
    client,
    project,
    nodeTypeId,
    mode,
  };
  for (const template of templatesOf(config))
    await step(`template ${template}`, async () => [
      await ensureTemplate(manage, template, clusters, signal),
      null,
    ]);
  await step('listed', async () => [await listedAgain(task, signal), null]);
}

function projectOf(
  memberships: readonly Membership[],
  accounting: string,
  mode: ActivationMode,
  now: number,
): readonly [string, ProjectInfo] {
  const ours = memberships.filter(({ Project }) => isNamed(Project, accounting));
  const [first] = ours;
  if (first === undefined)
    throw new StepFailed(
      withOthers(
        `HEAppE knows no project ${accounting} of our user`,
        memberships.map(({ Project }) => Project.AccountingString),
        mode,
      ),
      'ask the project to be made known to HEAppE and our user to be added to it, or set accountingString for it in clusters.yaml',
    );
  const project = first.Project;
  if (project.EndDate !== null && project.EndDate < now)
    throw new StepFailed(
      `${project.AccountingString} is project ${project.Id}, which ended ${new Date(project.EndDate).toISOString()}`,
      'have the project prolonged in HEAppE (its EndDate), or activate its successor',
    );
  const roles = [...new Set(ours.flatMap(({ Role }) => Role?.Name ?? []))];
  return [
    `${project.AccountingString} is project ${project.Id}; our roles: ${listOf(roles)}`,
    project,
  ];
}

/** What belongs to other projects is told to the operator who looks, not to those of one project. */
function withOthers(words: string, others: readonly string[], mode: ActivationMode): string {
  return mode === 'look' ? `${words}; there are ${listOf(others)}` : words;
}

/** Those on which the project has a template already; where there is none, those of other projects. */
function nodeTypesFor(config: HeappeConfig, name: ProjectName, clusters: readonly ClusterInfo[]) {
  const accounting = accountingStringOf(config, name);
  const all = matchingNodeTypes(config, name, clusters).map(({ nodeType }) => nodeType);
  const own = all.filter(({ Projects }) => Projects.some((one) => isNamed(one, accounting)));
  return own.length > 0 ? own : all;
}

/** A project without templates is not listed with its node types, which only some may list as a whole. */
async function nodeTypeIdOf(
  { config, client, name, mode }: Task,
  clusters: readonly ClusterInfo[],
  signal: AbortSignal,
): Promise<readonly [string, number]> {
  const found = nodeTypesFor(config, name, clusters);
  const [only, another] = found;
  if (only !== undefined && another === undefined) return [`${only.Name} is ${only.Id}`, only.Id];
  const wanted = nodeTypeOf(config, name);
  if (wanted === null || another !== undefined)
    throw new StepFailed(
      withOthers(
        'which node type is meant is not clear',
        found.map(({ Name }) => Name),
        mode,
      ),
      'name it as nodeType (and the cluster, as cluster) for this cluster in clusters.yaml',
    );
  if (typeof wanted === 'number') return [`${wanted}, as configured`, wanted];
  const all = await client.clusters.nodeTypes(signal).catch((error: unknown) => {
    if (error instanceof HeappeError && error.status === 401) return [];
    throw error;
  });
  const [match, second] = all.filter((nodeType) => isNodeType(nodeType, wanted));
  if (match !== undefined && second === undefined)
    return [`${match.Name} is ${match.Id}`, match.Id];
  throw new StepFailed(
    `${described(config, name)} is not visible to our user, as long as the project has no command template there`,
    "set nodeType to its id in clusters.yaml: the site's administrators see it in HEAppE's Management/ClusterNodeTypes",
  );
}

/** Jobs find their template in what HEAppE lists, not in what was made. */
async function listedAgain(
  { config, client, name, onListed }: Task,
  signal: AbortSignal,
): Promise<string> {
  const clusters = await client.clusters.list(signal);
  const templates = templatesListed(config, name, clusters);
  const missing = templatesOf(config).filter((template) => !templates.includes(template));
  if (missing.length === 0) {
    onListed(clusters);
    return `jobs find ${listOf(templates)}`;
  }
  throw new StepFailed(
    `HEAppE does not list ${listOf(missing)} yet`,
    'HEAppE keeps its lists for up to 150 minutes; activate the project again then, or have the cache cleared',
  );
}

/** A project is not listed at all before it has a template. */
function templatesListed(
  config: HeappeConfig,
  name: ProjectName,
  clusters: readonly ClusterInfo[],
): readonly string[] {
  try {
    return [...findPlace(config, name, clusters).templates.keys()];
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'refused') return [];
    throw error;
  }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...new Set(names)].join(', ');
}
