import type { ArgumentProblem, LaunchProfile } from '@wakefield/control';
import { AppError, type JobName } from '@wakefield/domain';
import { nearestWord } from '@wakefield/runtime/yaml';
import type { LoadedRecipe } from './read-recipes.ts';
import { type RenderedJob, renderJob, type ScriptParts } from './render.ts';
import {
  type Bounds,
  type ResolvedService,
  resolveService,
  type ServiceConfig,
} from './resolve.ts';
import type { Recipe } from './schema.ts';
import type { Service } from './service-schema.ts';

export interface ServiceRenderInput {
  readonly service: ResolvedService;
  readonly name: JobName;
  readonly engineKey: string;
  readonly profile: LaunchProfile;
  /** Path under which it is reached from outside, without a slash at the end. */
  readonly basePath: string;
}

/** Recipes by their path, as those who start services see them. */
export interface ServiceRecipes {
  /** Every one that can be started, by path. */
  readonly list: readonly ServiceRecipe[];
  /** @throws AppError `recipe_not_found`, with what is most likely meant */
  get(path: string): ServiceRecipe;
  /**
   * Recipe, overrides and resources to what is run, or all that is wrong.
   * @throws AppError `recipe_not_found`
   */
  resolve(
    path: string,
    config: ServiceConfig,
    bounds?: Bounds,
  ): { readonly service: ResolvedService } | { readonly problems: readonly ArgumentProblem[] };
  /** The whole batch script and the files it reads. @throws AppError `recipe_not_found` */
  render(input: ServiceRenderInput): RenderedJob;
}

export interface ServiceRecipe extends LoadedRecipe {
  readonly recipe: Recipe & { readonly service: Service };
}

export function bookOf(loaded: readonly LoadedRecipe[], parts: ScriptParts): ServiceRecipes {
  const list = loaded.filter(isService);
  const get = (path: string) => list.find((entry) => entry.path === path) ?? missing(list, path);
  return {
    list,
    get,
    resolve: (path, config, bounds) => resolveService(get(path), config, bounds),
    render({ service, name, engineKey, profile, basePath }) {
      const { nodes, gpu } = service.resources;
      return renderJob(parts, get(service.recipe).recipe, {
        ...{ name, engineKey, profile, basePath, nodes },
        hfModelId: service.model,
        gpuCount: (gpu ?? 0) * nodes,
        args: service.args,
        environment: service.exported,
        builds: true,
      });
    },
  };
}

function isService(loaded: LoadedRecipe): loaded is ServiceRecipe {
  return loaded.recipe.service !== undefined;
}

function missing(list: readonly ServiceRecipe[], path: string): never {
  const shown = JSON.stringify(path.slice(0, 64));
  const near = nearestWord(
    path,
    list.map((entry) => entry.path),
  );
  const hint = near === null ? '' : ` Did you mean ${JSON.stringify(near)}?`;
  throw new AppError('recipe_not_found', `There is no recipe ${shown}.${hint}`, {
    param: 'recipe_name',
  });
}
