import type { RecipeJson, RecipeSummaryJson } from '@wakefield/contracts';
import type { ServiceBuild, ServiceRecipe, ServiceVariable } from '@wakefield/recipes';

/** A line of the list: enough to choose by. */
export function presentRecipe(shown: ServiceRecipe): RecipeSummaryJson {
  const { path, recipe } = shown;
  return {
    name: path,
    category: categoryOf(path),
    description: recipe.description,
    tried: [...recipe.tried],
    untested: recipe.untested,
    needs_gpu: recipe.service.cpu_only === undefined,
    forms: shown.forms,
    several_nodes: shown.forms.several_nodes !== null,
  };
}

/** All that whoever starts it can set, and what it is without. */
export function presentRecipeDetails(shown: ServiceRecipe): RecipeJson {
  const { recipe, variables, builds } = shown;
  const { permission, key, underBasePath } = shown.access;
  const { resources, cpu_only: onCpus } = recipe.service;
  const { nodes, cpu, memory, time_limit, gpu } = resources;
  return {
    ...presentRecipe(shown),
    environment: Object.fromEntries(
      variables.map((variable) => [variable.name, presentVariable(variable)]),
    ),
    // As callers write them.
    resources: {
      nodes,
      memory,
      time_limit,
      cpu: String(cpu),
      gpu: gpu === null ? null : String(gpu),
    },
    ports: recipe.service.ports.map(({ name, protocol, websocket, page = null }) => ({
      ...{ name, protocol, websocket, page },
    })),
    access: { permission, key: key.kind !== 'none', under_base_path: underBasePath },
    cpu_only:
      onCpus === undefined
        ? null
        : { parameters: { ...onCpus.parameters }, environment: { ...onCpus.environment } },
    readiness: recipe.probes.health,
    // An engine has the name of its job among its models, which only its key opens.
    proves_itself: (recipe.probes.models ?? recipe.probes.private) !== undefined,
    metrics: recipe.metrics.path,
    build: { gpu: presentBuild(builds.gpu), cpu: presentBuild(builds.cpu) },
    models: recipe.probes.models !== undefined,
  };
}

/** First part of its path; all of it where it has one. */
export function categoryOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function presentVariable({
  description,
  value,
  onCpus,
  pattern,
  secret,
  ignored,
}: ServiceVariable) {
  const number = value.type === 'integer' || value.type === 'number' ? value : undefined;
  const text = value.type === 'string' ? value : undefined;
  return {
    description,
    // To whoever sends it, a folder is a text.
    type: value.type === 'folder' ? ('string' as const) : value.type,
    default: value.default ?? null,
    default_on_cpus: onCpus ?? null,
    min: number?.min ?? null,
    max: number?.max ?? null,
    enum: text?.enum ?? null,
    ...{ pattern, secret, ignored },
  };
}

function presentBuild(build: ServiceBuild | null) {
  if (build === null) return null;
  const { kind, of, digest } = build;
  return { kind, of: [...of], digest };
}
