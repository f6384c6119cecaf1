import type { EngineProbe, RecipeCatalog } from '@wakefield/control';
import { serviceBasePath } from '@wakefield/domain';
import { keyUseOf } from './access.ts';
import { checkArguments, checkShape } from './check-arguments.ts';
import { type Engine, isEngine } from './engine.ts';
import type { LoadedRecipe } from './join-recipes.ts';
import { readRecipes, readScriptParts } from './read-recipes.ts';
import { renderJob, type ScriptParts } from './render.ts';
import type { Recipe } from './schema.ts';
import { bookOf, type ServiceRecipes } from './service-recipes.ts';
import { workOfModel } from './work.ts';

/** The catalog with what its readers need besides the port. */
export interface LoadedRecipes extends RecipeCatalog {
  /** How to probe, by name of the recipe for models and by its path for services; plain data for a prober. */
  readonly probes: Readonly<Record<string, EngineProbe>>;
  /** Recipes as loaded, by path. */
  readonly recipes: readonly LoadedRecipe[];
  /** Those that can be started as services. */
  readonly services: ServiceRecipes;
}

/** Recipes cannot be used. Below the first line one for each problem: file, line, field, what is wrong. */
export class RecipesError extends Error {
  /** EX_CONFIG of sysexits.h. */
  readonly exitCode = 78;
  constructor(problems: readonly string[]) {
    super(['recipes cannot be used:', ...problems].join('\n  '));
    this.name = 'RecipesError';
  }
}

/**
 * Loads every `<path>/recipe.yaml` of every folder, the path being one name or two; a later folder's recipe takes the place
 * of an earlier one's of the same path and name. The scripts come from the built-in folder.
 * @param extraFolders besides the built-in one
 * @throws RecipesError that names every bad file and the place in it
 */
export async function loadRecipes(extraFolders: readonly string[] = []): Promise<LoadedRecipes> {
  const { recipes, problems } = await readRecipes(extraFolders);
  if (problems.length > 0) throw new RecipesError(problems);
  return createCatalog(recipes, await readScriptParts());
}

/** The catalog over recipes that are loaded already. */
export function createCatalog(loaded: readonly LoadedRecipe[], parts: ScriptParts): LoadedRecipes {
  const byName = new Map(
    loaded.flatMap(({ recipe }) => (isEngine(recipe) ? [[recipe.name, recipe] as const] : [])),
  );
  const get = (engine: string): Engine => {
    const recipe = byName.get(engine);
    if (recipe === undefined) throw new Error(`there is no recipe ${JSON.stringify(engine)}`);
    return recipe;
  };
  const services = bookOf(loaded, parts);
  return {
    names: () => [...byName.keys()].sort(),
    has: (engine) => byName.has(engine),
    checkArguments: (engine, args) => checkArguments(get(engine), args),
    checkShape: (engine, shape) => checkShape(get(engine), shape),
    capacity(engine, args) {
      const recipe = get(engine);
      if (recipe.capacity === undefined) return null;
      const name = recipe.capacity.parameter;
      const value = args[name] ?? recipe.parameters[name]?.default;
      return typeof value === 'number' ? value : null;
    },
    render: (input) => renderJob(parts, get(input.model.spec.engine), workOfModel(input)),
    renderService: ({ service, ...job }) =>
      services.render({ ...job, service: service.spec, basePath: serviceBasePath(service.id) }),
    probes: probesOf(loaded),
    recipes: loaded,
    services,
  };
}

/** No path is the name of another recipe (join-recipes.ts). */
function probesOf(loaded: readonly LoadedRecipe[]): Readonly<Record<string, EngineProbe>> {
  const probes = loaded.map(({ path, recipe }) => ({ path, recipe, probe: probeOf(recipe) }));
  return Object.fromEntries([
    ...probes.map(({ path, probe }) => [path, probe] as const),
    ...probes.flatMap(({ recipe, probe }) =>
      isEngine(recipe) ? [[recipe.name, probe] as const] : [],
    ),
  ]);
}

function probeOf({ probes, metrics, capacity, service }: Recipe): EngineProbe {
  return {
    healthPath: probes.health,
    modelsPath: probes.models ?? null,
    privatePath: probes.private ?? null,
    key: keyUseOf(service?.access.key),
    warmUps: probes.warm_up,
    metricsPath: metrics.path,
    running: metrics.running,
    waiting: metrics.waiting,
    ownLimit: capacity?.reported ?? null,
  };
}
