import { createHash } from 'node:crypto';
import type { StartServiceBody } from '@wakefield/contracts';
import type { ArgumentProblem } from '@wakefield/control';
import { AppError, type ClusterName, isAppError, type ServiceSpec } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';

/** More than this many problems in one answer help nobody. */
const MOST_PROBLEMS = 3;
const SUFFIX_LENGTH = 6;

/**
 * What is to be run, with all defaults of the recipe, as far as the cluster's bounds are known.
 * @param target where it is to run
 * @throws AppError `recipe_not_found`; `invalid_request`, which names all that is wrong with `config`
 */
export async function specFrom(
  { serviceRecipes, clusters, ids }: Pick<ApiDeps, 'serviceRecipes' | 'clusters' | 'ids'>,
  { recipe_name: recipe, name, config, keep, cluster }: StartServiceBody,
  target: ClusterName,
): Promise<ServiceSpec> {
  const bounds = (await clusters.list()).get(target)?.bounds ?? {};
  const result = resolveIn(serviceRecipes, recipe, config, bounds);
  if ('problems' in result) throw refusalOf(result.problems);
  return serviceRecipes.specOf(result.service, {
    name: name ?? `${recipe.split('/').at(-1)}-${suffixOf(ids)}`,
    ...{ cluster, keep },
  });
}

function resolveIn(
  recipes: ApiDeps['serviceRecipes'],
  ...asked: Parameters<ApiDeps['serviceRecipes']['resolve']>
): ReturnType<ApiDeps['serviceRecipes']['resolve']> {
  try {
    return recipes.resolve(...asked);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'recipe_not_found') throw error;
    throw new AppError(error.code, error.message, { param: 'recipe_name' });
  }
}

/** As the contracts tell of what is wrong with a body. */
function refusalOf(problems: readonly ArgumentProblem[]): AppError {
  const sentences = problems.slice(0, MOST_PROBLEMS).map(sentence);
  if (problems.length > MOST_PROBLEMS)
    sentences.push(`And ${problems.length - MOST_PROBLEMS} more.`);
  const param = problems[0]?.param;
  return new AppError('invalid_request', sentences.join(' '), param === undefined ? {} : { param });
}

/** Recipes say "must be at least 1", "is no variable of this recipe", "needs … as well". */
function sentence({ param, message }: ArgumentProblem): string {
  return `${param} ${message}.`;
}

/** Not of the id itself: one that counts up would give the same beginning to all. */
function suffixOf(ids: ApiDeps['ids']): string {
  return createHash('sha256').update(ids.uuid()).digest('hex').slice(0, SUFFIX_LENGTH);
}
