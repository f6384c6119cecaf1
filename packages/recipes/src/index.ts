export type { LoadedRecipes } from './catalog.ts';
export { createCatalog, loadRecipes, RecipesError } from './catalog.ts';
export { runRecipeCli } from './cli/run-cli.ts';
export type { ResolvedService, ServiceConfig } from './resolve.ts';
export type { Parameter, Recipe } from './schema.ts';
export { recipeSchema } from './schema.ts';
export type {
  ServiceBuild,
  ServiceRecipe,
  ServiceRecipes,
  ServiceVariable,
} from './service-recipes.ts';
export type { RenderInput } from './work.ts';
