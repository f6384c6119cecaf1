import { isEngine } from './engine.ts';
import type { Recipe } from './schema.ts';

/** A recipe and where it was found. */
export interface LoadedRecipe {
  /** Its folder below `recipes`, like `inference/vllm`: its name for whoever starts a service. */
  readonly path: string;
  readonly file: string;
  readonly recipe: Recipe;
}

/** Recipes of several folders as one. With problems nothing of it is to be used. */
export interface JoinedRecipes {
  /** By path. */
  readonly recipes: readonly LoadedRecipe[];
  /** By the file of a recipe, the file of the one whose place it takes. */
  readonly replaced: Readonly<Record<string, string>>;
  /** One line each, with the files that do not go together. */
  readonly problems: readonly string[];
}

/**
 * Folders of recipes to one, where a recipe of a later folder takes the place of one that has both its path and its name.
 * One that has only one of them is a mistake that would take an engine away from models that are served with it.
 */
export function joinRecipes(folders: readonly (readonly LoadedRecipe[])[]): JoinedRecipes {
  const problems: string[] = [];
  const replaced: Record<string, string> = {};
  let joined: readonly LoadedRecipe[] = [];
  for (const own of folders) {
    problems.push(...twins(own));
    for (const recipe of own) {
      const taken = joined.filter((other) => isSame(other, recipe));
      problems.push(...taken.flatMap((other) => conflict(recipe, other)));
      // A folder may be named twice, as by WAKEFIELD_RECIPES and lint.
      for (const { file } of taken) if (file !== recipe.file) replaced[recipe.file] = file;
    }
    joined = [...joined.filter((other) => !own.some((recipe) => isSame(other, recipe))), ...own];
  }
  const recipes = [...joined].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { recipes, replaced, problems: [...problems, ...ambiguous(recipes)] };
}

/** Whether the two cannot be told from one another, by services or by models. */
function isSame(one: LoadedRecipe, other: LoadedRecipe): boolean {
  return one.path === other.path || one.recipe.name === other.recipe.name;
}

/** What is wrong with taking its place, if anything is. */
function conflict(recipe: LoadedRecipe, other: LoadedRecipe): readonly string[] {
  const { path, file } = recipe;
  const { name } = recipe.recipe;
  if (path !== other.path)
    return [
      `${file}: name: ${name} is that of ${other.file}, which only a recipe at ${other.path} can replace`,
    ];
  if (name !== other.recipe.name)
    return [`${file}: name: must be ${other.recipe.name} to take the place of ${other.file}`];
  if (isEngine(other.recipe) && !isEngine(recipe.recipe))
    return [
      `${file}: probes.models: is missing; models are served with ${other.file}, whose place it takes`,
    ];
  return [];
}

/** Services are asked for by path and engines by name: one word must not be both, of two recipes. */
function ambiguous(recipes: readonly LoadedRecipe[]): readonly string[] {
  return recipes.flatMap(({ path, file }) => {
    const other = recipes.find(({ recipe }) => recipe.name === path);
    if (other === undefined || other.path === path) return [];
    return [`${file}: its folder must not be called ${path}: that is the name of ${other.file}`];
  });
}

/** Recipes of one folder that would take each other's place. */
function twins(recipes: readonly LoadedRecipe[]): readonly string[] {
  return recipes.flatMap(({ file, recipe: { name } }, index) => {
    const other = recipes.slice(0, index).find(({ recipe }) => recipe.name === name);
    return other === undefined ? [] : [`${file}: name: ${name} is that of ${other.path} as well`];
  });
}
