import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkYaml } from '@wakefield/runtime/yaml';
import type { ScriptParts } from './render.ts';
import { type Recipe, recipeSchema } from './schema.ts';

/** A recipe and where it was found. */
export interface LoadedRecipe {
  /** Its folder below `recipes`, like `inference/vllm`: its name for whoever starts a service. */
  readonly path: string;
  readonly file: string;
  readonly recipe: Recipe;
}

export interface ReadRecipes {
  /** By path. */
  readonly recipes: readonly LoadedRecipe[];
  /** One line each: file, line, field, what is wrong. */
  readonly problems: readonly string[];
}

/** The folder that comes with Wakefield. */
const builtIn = fileURLToPath(new URL('../../../recipes', import.meta.url));

/** Reads the built-in recipes and those of further folders, where the later ones go before the earlier ones. */
export async function readRecipes(extraFolders: readonly string[]): Promise<ReadRecipes> {
  const folders = await Promise.all([builtIn, ...extraFolders].map(readFolder));
  const problems = folders.flatMap((folder) => [...folder.problems, ...twins(folder.recipes)]);
  const recipes = folders.reduce<readonly LoadedRecipe[]>(
    (before, { recipes: own }) => [
      ...before.filter(({ path, recipe: { name } }) =>
        own.every((other) => other.path !== path && other.recipe.name !== name),
      ),
      ...own,
    ],
    [],
  );
  return { recipes: [...recipes].sort((a, b) => (a.path < b.path ? -1 : 1)), problems };
}

/** The bash that jobs are made of. */
export async function readScriptParts(): Promise<ScriptParts> {
  const read = (name: string) => readFile(join(builtIn, name), 'utf8');
  const [job, build, ranks] = await Promise.all(['job.sh', 'build.sh', 'ranks.sh'].map(read));
  return { job: job ?? '', build: build ?? '', ranks: ranks ?? '' };
}

async function readFolder(folder: string): Promise<ReadRecipes> {
  let paths: readonly string[];
  try {
    paths = await recipePaths(folder);
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    return { recipes: [], problems: [`${folder}: cannot be read: ${message}`] };
  }
  const read = await Promise.all(paths.map((path) => readRecipe(folder, path)));
  return {
    recipes: read.flatMap(({ recipes }) => recipes),
    problems: read.flatMap(({ problems }) => problems),
  };
}

/** Folders with a recipe, one or two names deep. */
async function recipePaths(folder: string): Promise<readonly string[]> {
  const first = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(
    first.filter(isFolder).map(async ({ name }) => {
      const second = await readdir(join(folder, name), { withFileTypes: true });
      const below = second.filter(isFolder).map((entry) => `${name}/${entry.name}`);
      return [name, ...below];
    }),
  );
  const found = await Promise.all(
    nested.flat().map(async (path) => {
      const files = await readdir(join(folder, path));
      return files.includes('recipe.yaml') ? [path] : [];
    }),
  );
  return found.flat().sort();
}

function isFolder(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith('.');
}

const pathPattern = /^[a-z][a-z0-9-]{0,31}(\/[a-z][a-z0-9-]{0,31})?$/;

async function readRecipe(folder: string, path: string): Promise<ReadRecipes> {
  const file = join(folder, path, 'recipe.yaml');
  if (!pathPattern.test(path)) {
    const problem = `${file}: its folders must be named by 1–32 of a–z, 0–9 and -`;
    return { recipes: [], problems: [problem] };
  }
  const checked = checkYaml(recipeSchema, await readFile(file, 'utf8'), file);
  if (checked.problems !== null) return { recipes: [], problems: checked.problems };
  return { recipes: [{ path, file, recipe: checked.data }], problems: [] };
}

/** Recipes of one folder that would take each other's place. */
function twins(recipes: readonly LoadedRecipe[]): readonly string[] {
  return recipes.flatMap(({ file, recipe: { name } }, index) => {
    const other = recipes.slice(0, index).find(({ recipe }) => recipe.name === name);
    return other === undefined ? [] : [`${file}: name: ${name} is that of ${other.path} as well`];
  });
}
