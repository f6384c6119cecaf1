import { listRecipesQuery, parseInput, recipeParams } from '@wakefield/contracts';
import type { ApiDeps } from '../../deps.ts';
import { type Binder, pathText } from '../../http/bind.ts';
import { announceNext, pageOf } from '../../http/page.ts';
import { categoryOf, presentRecipe, presentRecipeDetails } from './presenter.ts';

const PATH = '/api/v1/recipes';

export function recipeRoutes(
  { bind }: Binder,
  { serviceRecipes }: Pick<ApiDeps, 'serviceRecipes'>,
): void {
  bind('listRecipes', (req, res) => {
    const query = parseInput(listRecipesQuery, req.query, 'query');
    const { category, untested, needs_gpu } = query;
    const limit = query.limit === undefined ? null : Number(query.limit);
    const wanted = serviceRecipes.list.filter(
      ({ path, recipe }) =>
        (category === undefined || categoryOf(path) === category) &&
        isAsAsked(recipe.untested, untested) &&
        isAsAsked(recipe.service.cpu_only === undefined, needs_gpu),
    );
    const page = pageOf(wanted, ({ path }) => path, { limit, after: query.after });
    const asked = Object.entries({ category, untested, needs_gpu }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    announceNext(res, PATH, { limit, next: page.next }, Object.fromEntries(asked));
    res.json(page.items.map(presentRecipe));
  });

  bind('getRecipe', (req, res) => {
    const params = { recipe_path: pathText(req, 'recipe_path') };
    const { recipe_path } = parseInput(recipeParams, params, 'path');
    res.json(presentRecipeDetails(serviceRecipes.get(recipe_path)));
  });
}

function isAsAsked(is: boolean, asked: 'true' | 'false' | undefined): boolean {
  return asked === undefined || String(is) === asked;
}
