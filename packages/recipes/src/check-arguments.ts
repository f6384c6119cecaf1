import type { ArgumentProblem } from '@wakefield/control';
import type { Parameter, Recipe } from './schema.ts';
import { folderPattern, type Value } from './value-schema.ts';

/** First problem of a model's `engine_args`, or null. Names, types, bounds, and what goes only together. */
export function checkArguments(
  recipe: Recipe,
  args: Readonly<Record<string, unknown>>,
): ArgumentProblem | null {
  for (const [name, value] of Object.entries(args)) {
    const param = `engine_args.${name}`;
    const parameter = Object.hasOwn(recipe.parameters, name) ? recipe.parameters[name] : undefined;
    if (parameter === undefined) return { param, message: unknownName(recipe, name) };
    const message = checkValue(parameter, value) ?? checkRequired(parameter, args);
    if (message !== null) return { param, message };
  }
  return null;
}

/** Problem of how many GPUs and nodes a job of this engine shall have, or null. */
export function checkShape(
  recipe: Recipe,
  { gpuCount, nodes }: { readonly gpuCount: number; readonly nodes: number },
): ArgumentProblem | null {
  if (nodes > 1 && !recipe.several_nodes)
    return { param: 'resources.nodes', message: `must be 1: ${recipe.name} runs on one node` };
  if (gpuCount % nodes !== 0)
    return { param: 'gpu_count', message: `must be a multiple of resources.nodes, ${nodes}` };
  return null;
}

function unknownName(recipe: Recipe, name: string): string {
  const names = Object.keys(recipe.parameters).sort().join(', ');
  return `engine ${recipe.name} takes no argument ${JSON.stringify(name)}; it takes ${names}`;
}

/** Environments hold text: `"2048"` is the number where one is declared. What cannot be one stays as it is. */
export function typed({ type }: Value, raw: unknown): unknown {
  if (type === 'string') {
    return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : raw;
  }
  if (typeof raw !== 'string' || type === 'folder') return raw;
  if (type === 'boolean') return raw === 'true' ? true : raw === 'false' ? false : raw;
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(raw) ? Number(raw) : raw;
}

/** What is wrong with the value, or null. */
export function checkValue(parameter: Value, value: unknown): string | null {
  switch (parameter.type) {
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'integer':
      return Number.isSafeInteger(value)
        ? checkBounds(parameter, value as number)
        : 'must be an integer';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
        ? checkBounds(parameter, value)
        : 'must be a number';
    case 'string':
      return typeof value === 'string' ? checkText(parameter, value) : 'must be a string';
    case 'folder':
      return checkFolder(parameter, value);
  }
}

function checkBounds(
  { min, max }: { min?: number | undefined; max?: number | undefined },
  value: number,
) {
  if (min !== undefined && value < min) return `must be at least ${min}`;
  if (max !== undefined && value > max) return `must be at most ${max}`;
  return null;
}

function checkText(parameter: Extract<Value, { type: 'string' }>, value: string) {
  if (parameter.enum !== undefined && !parameter.enum.includes(value)) {
    return `must be one of ${parameter.enum.join(', ')}`;
  }
  if (parameter.pattern !== undefined && !new RegExp(`^(?:${parameter.pattern})$`).test(value)) {
    return `must match ${parameter.pattern}`;
  }
  return null;
}

function checkFolder(parameter: Extract<Value, { type: 'folder' }>, value: unknown) {
  const fits =
    typeof value === 'string' && new RegExp(`^(?:${folderPattern(parameter)})$`).test(value);
  if (fits) return null;
  return String.raw`must be an absolute folder like /scratch/me, without . and .., and none of : , " \ in it`;
}

function checkRequired(parameter: Parameter, args: Readonly<Record<string, unknown>>) {
  const missing = parameter.requires?.find((name) => !Object.hasOwn(args, name));
  return missing === undefined ? null : `needs ${missing} as well`;
}
