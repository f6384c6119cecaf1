import type { LaunchProfile } from '@wakefield/control';
import { createCatalog, type Recipe, recipeSchema, type ServiceConfig } from '../src/index.ts';
import { readScriptParts } from '../src/read-recipes.ts';
import type { RenderedJob } from '../src/render.ts';
import { renderInput } from './inputs.ts';

interface RecipeChange {
  readonly command: readonly unknown[];
  /** By name; there are none by default. */
  readonly variables?: object;
  readonly [field: string]: unknown;
}

/** What every recipe of a service has to say, before it is read: a program of one CPU on one node. */
export const plainService = {
  variables: {},
  resources: { cpu: 1, memory: '1G', time_limit: 1, gpu: null },
  cpu_only: {},
  ports: [{ name: 'http', protocol: 'http' }],
};

/** A recipe of a service that runs these words; further fields take the place of a plain one's. */
export function serviceRecipe({ variables = {}, ...change }: RecipeChange): Recipe {
  return recipeSchema.parse({
    name: 'tool',
    description: 'A stand-in.',
    tried: ['1'],
    drain_grace_seconds: 5,
    probes: { health: '/' },
    metrics: { path: null },
    service: { ...plainService, variables },
    ...change,
  });
}

/** The job of a service of this recipe, as somebody starts it with these values. */
export async function serviceJob(
  recipe: Recipe,
  {
    basePath = '',
    ...given
  }: ServiceConfig & {
    readonly name: string;
    readonly profile: Partial<LaunchProfile>;
    readonly basePath?: string;
  },
): Promise<RenderedJob> {
  const loaded = [{ path: recipe.name, file: '', recipe }];
  const { services } = createCatalog(loaded, await readScriptParts());
  const resolved = services.resolve(recipe.name, given);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  const { name, engineKey, profile } = renderInput(given);
  return services.render({ service: resolved.service, name, engineKey, profile, basePath });
}
