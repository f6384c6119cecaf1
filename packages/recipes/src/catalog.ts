import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineProbe, RecipeCatalog } from '@wakefield/control';
import { parse } from 'yaml';
import type { z } from 'zod';
import { checkArguments, checkShape } from './check-arguments.ts';
import { renderJob } from './render.ts';
import { type Recipe, recipeSchema } from './schema.ts';

/** The catalog with what its readers need besides the port. */
export interface LoadedRecipes extends RecipeCatalog {
  /** How to probe each engine, by recipe name; plain data for a prober. */
  readonly probes: Readonly<Record<string, EngineProbe>>;
  /** Recipes as loaded, for documentation. */
  readonly recipes: readonly Recipe[];
}

/** The folder that comes with Wakefield. */
function builtInRecipes(): string {
  return fileURLToPath(new URL('../../../recipes', import.meta.url));
}

/**
 * Loads `inference/<name>/recipe.yaml` of every folder; a later folder's recipe takes the place of an
 * earlier one's of the same name. `job.sh` comes from the built-in folder.
 * @param extraFolders besides the built-in one
 * @throws Error that names every bad file and the place in it
 */
export async function loadRecipes(extraFolders: readonly string[] = []): Promise<LoadedRecipes> {
  const folders = [builtInRecipes(), ...extraFolders];
  const files = (await Promise.all(folders.map(recipeFiles))).flat();
  const loaded = await Promise.all(files.map(loadRecipe));
  const problems = loaded.flatMap((result) => result.problems);
  if (problems.length > 0) throw new Error(`recipes cannot be used:\n${problems.join('\n')}`);
  const template = await readFile(join(builtInRecipes(), 'job.sh'), 'utf8');
  const recipes = loaded.flatMap(({ recipe }) => (recipe === null ? [] : [recipe]));
  return createCatalog(recipes, template);
}

/** The catalog over recipes that are loaded already. */
export function createCatalog(recipes: readonly Recipe[], template: string): LoadedRecipes {
  const byName = new Map(recipes.map((recipe) => [recipe.name, recipe]));
  const get = (engine: string): Recipe => {
    const recipe = byName.get(engine);
    if (recipe === undefined) throw new Error(`there is no recipe ${JSON.stringify(engine)}`);
    return recipe;
  };
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
    render: (input) => renderJob(template, get(input.model.spec.engine), input),
    probes: Object.fromEntries([...byName].map(([name, recipe]) => [name, probeOf(recipe)])),
    recipes: [...byName.values()],
  };
}

function probeOf({ probes, metrics, capacity }: Recipe): EngineProbe {
  return {
    healthPath: probes.health,
    modelsPath: probes.models,
    warmUps: probes.warm_up,
    metricsPath: metrics.path,
    running: metrics.running,
    waiting: metrics.waiting,
    ownLimit: capacity?.reported ?? null,
  };
}

async function recipeFiles(folder: string): Promise<readonly string[]> {
  const parent = join(folder, 'inference');
  const entries = await readdir(parent, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(parent, entry.name, 'recipe.yaml'))
    .sort();
}

interface LoadResult {
  readonly recipe: Recipe | null;
  readonly problems: readonly string[];
}

async function loadRecipe(file: string): Promise<LoadResult> {
  const failed = (...problems: string[]): LoadResult => ({
    recipe: null,
    problems: problems.map((problem) => `${file}: ${problem}`),
  });
  let value: unknown;
  try {
    value = parse(await readFile(file, 'utf8'));
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
  const result = recipeSchema.safeParse(value);
  if (!result.success) {
    return failed(...result.error.issues.flatMap((issue) => describe(issue, [])));
  }
  return { recipe: result.data, problems: [] };
}

/** Of a choice between shapes only the one that was meant is told: that with the problem deepest inside. */
function describe(issue: z.core.$ZodIssue, parent: readonly PropertyKey[]): readonly string[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const meant = issue.errors.find((issues) => issues.every(({ code }) => code === 'custom'));
    const deepest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0];
    return (meant ?? deepest ?? []).flatMap((inner) => describe(inner, path));
  }
  return [`${path.map(String).join('.') || 'file'}: ${issue.message}`];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(...issues.map(({ path }) => path.length));
}
