import { AppError, type ModelSpec } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';

/**
 * Checks what only the recipes know: whether there is such an engine, and whether it takes these arguments.
 * @throws AppError `invalid_request` with the param `engine` or `engine_args.<name>`
 */
export function checkAgainstRecipes(recipes: ApiDeps['recipes'], spec: ModelSpec): void {
  if (!recipes.has(spec.engine)) {
    const known = recipes.names().join(', ');
    throw new AppError(
      'invalid_request',
      `There is no engine "${spec.engine}". Known: ${known === '' ? 'none' : known}.`,
      { param: 'engine' },
    );
  }
  const problem = recipes.checkArguments(spec.engine, spec.engineArgs);
  if (problem !== null) {
    throw new AppError('invalid_request', problem.message, { param: problem.param });
  }
}
