import type { Recipe } from './schema.ts';

/** A recipe that models can be served with. */
export type Engine = Recipe & { readonly probes: { readonly models: string } };

export function isEngine(recipe: Recipe): recipe is Engine {
  return recipe.probes.models !== undefined;
}
