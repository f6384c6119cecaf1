export type { LoadedRecipes } from './catalog.ts';
export { createCatalog, loadRecipes } from './catalog.ts';
export type { RenderedJob, RenderInput } from './render.ts';
export type { Parameter, Recipe } from './schema.ts';
export { recipeSchema } from './schema.ts';
