import type { ArgumentProblem } from '@wakefield/control';
import { AppError, type ModelSpec } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';

/**
 * Checks what only the recipes know: whether there is such an engine, and whether it takes these arguments and runs
 * on so many nodes.
 * @throws AppError `invalid_request` with the param `engine`, `engine_args.<name>`, `gpu_count` or `resources.nodes`
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
  const { engine, engineArgs, gpuCount, resources } = spec;
  const problem =
    recipes.checkArguments(engine, engineArgs) ??
    recipes.checkShape(engine, { gpuCount, nodes: resources.nodes });
  if (problem !== null) {
    throw new AppError('invalid_request', sentence(problem), { param: problem.param });
  }
}

/** Recipes say "must be at least 1" of a value, and whole clauses of a name that they do not take. */
function sentence({ param, message }: ArgumentProblem): string {
  const clause = /^(must|needs) /.test(message) ? `${param} ${message}` : `${param}: ${message}`;
  return `${clause}.`;
}
