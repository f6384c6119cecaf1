import type { Recipe } from './schema.ts';

/** A recipe that models can be served with. */
export type Engine = Recipe & { readonly probes: { readonly models: string } };

/** One without a list of models could not be told from a stranger on its port: models are not served with it. */
export function isEngine(recipe: Recipe): recipe is Engine {
  return recipe.probes.models !== undefined;
}
