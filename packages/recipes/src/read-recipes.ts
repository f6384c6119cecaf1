import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkYaml } from '@wakefield/runtime/yaml';
import { type JoinedRecipes, joinRecipes, type LoadedRecipe } from './join-recipes.ts';
import type { ScriptParts } from './render.ts';
import { recipeSchema } from './schema.ts';

/** What was found, and one line for each problem: file, line, field, what is wrong. */
interface Found<T> {
  readonly found: readonly T[];
  readonly problems: readonly string[];
}

/** The folder that comes with Wakefield. */
const builtIn = fileURLToPath(new URL('../../../recipes', import.meta.url));

/** As they lie in their folders; what cannot be read is among the problems. */
export interface ReadRecipes extends JoinedRecipes {
  /** Those of the folders in which there is no recipe, nor anything else that is wrong. */
  readonly empty: readonly string[];
}

/** Reads the built-in recipes and those of further folders, where the later ones go before the earlier ones. */
export async function readRecipes(extraFolders: readonly string[]): Promise<ReadRecipes> {
  const paths = [builtIn, ...extraFolders];
  const folders = await Promise.all(paths.map(readFolder));
  const joined = joinRecipes(folders.map(({ found }) => found));
  const problems = folders.flatMap((folder) => folder.problems);
  const isEmpty = (at: number) =>
    folders[at]?.found.length === 0 && folders[at].problems.length === 0;
  return {
    ...joined,
    problems: [...problems, ...joined.problems],
    empty: paths.filter((_, at) => isEmpty(at)),
  };
}

/** The bash that jobs are made of. */
export async function readScriptParts(): Promise<ScriptParts> {
  const read = (name: string) => readFile(join(builtIn, name), 'utf8');
  const [job, log, processes, port, build, ranks] = await Promise.all([
    read('job.sh'),
    read('log.sh'),
    read('processes.sh'),
    read('port.sh'),
    read('build.sh'),
    read('ranks.sh'),
  ]);
  return { job, log, processes, port, build, ranks };
}

async function readFolder(folder: string): Promise<Found<LoadedRecipe>> {
  let paths: Found<string>;
  try {
    paths = await recipePaths(folder);
  } catch (error) {
    return { found: [], problems: [unreadable(folder, error)] };
  }
  const read = await Promise.all(paths.found.map((path) => readRecipe(folder, path)));
  return joinFound([{ found: [], problems: paths.problems }, ...read]);
}

/** Folders with a recipe, one or two names deep. */
async function recipePaths(folder: string): Promise<Found<string>> {
  const first = await foldersIn(folder);
  const nested = await Promise.all(
    first.found.map(async (name): Promise<Found<string>> => {
      const { found, problems } = await foldersIn(join(folder, name));
      return { found: [name, ...found.map((second) => `${name}/${second}`)], problems };
    }),
  );
  const all = joinFound(nested);
  const found = await Promise.all(
    all.found.map(async (path) => {
      const files = await readdir(join(folder, path));
      return files.includes('recipe.yaml') ? [path] : [];
    }),
  );
  return { found: found.flat().sort(), problems: [...first.problems, ...all.problems] };
}

/** Names of the folders in it, those that links lead to among them: so does Kubernetes mount what it configures. */
async function foldersIn(folder: string): Promise<Found<string>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  return joinFound(await Promise.all(visible.map((entry) => folderAt(folder, entry))));
}

async function folderAt(parent: string, entry: Dirent): Promise<Found<string>> {
  const itself = { found: [entry.name], problems: [] };
  if (entry.isDirectory()) return itself;
  if (!entry.isSymbolicLink()) return { found: [], problems: [] };
  const file = join(parent, entry.name);
  try {
    return (await stat(file)).isDirectory() ? itself : { found: [], problems: [] };
  } catch (error) {
    return { found: [], problems: [unreadable(file, error)] };
  }
}

const pathPattern = /^[a-z][a-z0-9-]{0,31}(\/[a-z][a-z0-9-]{0,31})?$/;

async function readRecipe(folder: string, path: string): Promise<Found<LoadedRecipe>> {
  const file = join(folder, path, 'recipe.yaml');
  if (!pathPattern.test(path)) {
    const problem = `${file}: its folders must be named by 1–32 of a–z, 0–9 and -`;
    return { found: [], problems: [problem] };
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { found: [], problems: [unreadable(file, error)] };
  }
  const checked = checkYaml(recipeSchema, text, file);
  if (checked.problems !== null) return { found: [], problems: checked.problems };
  return { found: [{ path, file, recipe: checked.data }], problems: [] };
}

function unreadable(file: string, error: unknown): string {
  return `${file}: cannot be read: ${(error as NodeJS.ErrnoException).message}`;
}

function joinFound<T>(all: readonly Found<T>[]): Found<T> {
  return {
    found: all.flatMap(({ found }) => found),
    problems: all.flatMap(({ problems }) => problems),
  };
}
