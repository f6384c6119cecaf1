import type { ArgumentProblem } from '@wakefield/control';
import type { ClusterBounds, EngineArg, ServiceAccess } from '@wakefield/domain';
import { nearestWord } from '@wakefield/runtime/yaml';
import { accessOf } from './access.ts';
import { checkValue, typed } from './check-arguments.ts';
import { hasForm } from './forms.ts';
import { type Layers, layered, layers } from './layers.ts';
import { parallelProblems } from './parallel.ts';
import type { Recipe } from './schema.ts';
import { hidden, isSecret } from './secrets.ts';
import { type GivenResources, readResources } from './service-resources.ts';
import type { Resources, Service, Variable } from './service-schema.ts';
import type { Value } from './value-schema.ts';

/** What somebody who starts a service sends besides the recipe's name: unchecked. */
export interface ServiceConfig {
  /** Variables by name; text, numbers, true and false. */
  readonly environment?: Readonly<Record<string, unknown>> | undefined;
  readonly resources?: GivenResources | undefined;
}

/**
 * What a service is to run, with every default that the recipe has: it stays the same when the recipe changes. Open is what
 * follows from the shape of the job (`default_from`), and what the program does where neither caller nor recipe says.
 */
export interface ResolvedService {
  /** Path of the recipe. */
  readonly recipe: string;
  readonly model: string | null;
  /** Parameters of the recipe that are set or have a default. */
  readonly args: Readonly<Record<string, EngineArg>>;
  /** Variables that have a value, as their sender would write it; also what the recipe sets for CPUs alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the job has in its environment: those of `environment` that set it. */
  readonly exported: Readonly<Record<string, string>>;
  /** Given ones that do nothing, with the reason. */
  readonly ignored: Readonly<Record<string, string>>;
  readonly resources: Resources;
  readonly access: ServiceAccess;
}

interface Entry {
  readonly path: string;
  readonly recipe: Recipe & { readonly service: Service };
}

/** Recipe, overrides and resources to what is run, or all that is wrong, each by its name. */
export function resolveService(
  { path, recipe }: Entry,
  { environment = {}, resources = {} }: ServiceConfig,
  bounds: ClusterBounds = {},
): { readonly service: ResolvedService } | { readonly problems: readonly ArgumentProblem[] } {
  const { service } = recipe;
  const shape = readResources(service.resources, resources, bounds, {
    withoutGpu: service.cpu_only !== undefined,
    severalNodes: hasForm(recipe, 'several_nodes'),
  });
  const given = readEnvironment(recipe, environment);
  const onCpus = shape.resources?.gpu === null ? service.cpu_only : undefined;
  const set = layers(recipe, given.values, onCpus);
  const missing = [...unset(recipe, environment), ...missingOnes(recipe, given.values, set.args)];
  const problems = [...given.problems, ...missing, ...shape.problems];
  if (problems.length > 0 || shape.resources === null) return { problems };
  const asked = { args: set.args, given: new Set(given.values.keys()), resources: shape.resources };
  const unfit = parallelProblems(recipe, asked);
  if (unfit.length > 0) return { problems: unfit };
  const result = resolved({ path, recipe }, given.values, shape.resources, set, onCpus);
  const ignored = { ...result.ignored, ...unheeded(resources, bounds) };
  return { service: { ...result, ignored } };
}

/** Resources that were asked for and are no matter there. */
function unheeded(given: GivenResources, { fixedSize }: ClusterBounds): Record<string, string> {
  if (fixedSize !== true) return {};
  const asked = ['cpu', 'memory'].filter((field) => given[field] !== undefined);
  const because = 'this cluster gives all jobs the CPUs and memory of its configuration';
  return Object.fromEntries(asked.map((field) => [`resources.${field}`, because]));
}

function resolved(
  { path, recipe }: Entry,
  given: ReadonlyMap<string, EngineArg>,
  resources: Resources,
  { args, exported }: Layers,
  onCpus: Service['cpu_only'],
): ResolvedService {
  const environment: Record<string, string> = { ...onCpus?.environment };
  const ignored: Record<string, string> = {};
  let model: string | null = null;
  for (const [name, variable] of Object.entries(recipe.service.variables)) {
    const value = layered(name, variable, given, { args, exported });
    if (value === undefined) continue;
    environment[name] = isSecret(variable) ? hidden : String(value);
    if (variable.sets === 'model') model = String(value);
    if (variable.sets === 'nothing') ignored[name] = variable.because;
  }
  const access = accessOf(recipe);
  return { recipe: path, model, args, environment, exported, ignored, resources, access };
}

/** Values of their declared types; a variable that is not declared is a problem. */
function readEnvironment(recipe: Entry['recipe'], given: Readonly<Record<string, unknown>>) {
  const { variables } = recipe.service;
  const values = new Map<string, EngineArg>();
  const problems: ArgumentProblem[] = [];
  for (const [name, raw] of Object.entries(given)) {
    const param = `config.environment.${name.slice(0, 64)}`;
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (variable === undefined) {
      problems.push({ param, message: unknownName(name, Object.keys(variables)) });
      continue;
    }
    const declared = declaredBy(recipe, variable);
    const value = typed(declared, raw);
    const message = checkValue(declared, value) ?? unsafe(variable, value);
    if (message === null) values.set(name, value as EngineArg);
    else problems.push({ param, message });
  }
  return { values, problems };
}

/** What nobody but the caller can say. */
function unset(
  { service: { variables } }: Entry['recipe'],
  given: Readonly<Record<string, unknown>>,
): readonly ArgumentProblem[] {
  return Object.entries(variables)
    .filter(([name, variable]) => isSecret(variable) && !Object.hasOwn(given, name))
    .map(([name]) => ({
      param: `config.environment.${name}`,
      message: 'has to be set: it is for its caller alone to know',
    }));
}

/**
 * Parameters may need one another: what somebody sets, another one that somebody or the recipe sets.
 * @param args all that are set; what follows from the shape of the job is not among them
 */
function missingOnes(
  { service: { variables }, parameters }: Entry['recipe'],
  values: ReadonlyMap<string, EngineArg>,
  args: Layers['args'],
): readonly ArgumentProblem[] {
  const setters = Object.entries(variables).flatMap(([name, variable]) =>
    variable.sets === 'parameter' ? [{ name, parameter: variable.parameter }] : [],
  );
  const isSet = (name: string) => {
    const parameter = parameters[name];
    const fromShape = parameter?.type === 'integer' && parameter.default_from !== undefined;
    return fromShape || Object.hasOwn(args, name);
  };
  return setters
    .filter(({ name }) => values.has(name))
    .flatMap(({ name, parameter }) => {
      const needed = parameters[parameter]?.requires ?? [];
      return needed.filter((one) => !isSet(one)).map((one) => ({ name, one }));
    })
    .map(({ name, one }) => {
      const setter = setters.find(({ parameter }) => parameter === one);
      const message = `needs ${setter?.name ?? one} as well`;
      return { param: `config.environment.${name}`, message };
    });
}

/** Type, bounds and default of a variable. */
export function declaredBy(recipe: Recipe, variable: Variable): Value {
  if (variable.sets !== 'parameter') return variable.value;
  const parameter = recipe.parameters[variable.parameter];
  if (parameter === undefined) throw new Error(`no parameter ${variable.parameter}`);
  // Of the type of the parameter: the recipe would not have been loaded else.
  return { ...parameter, default: variable.default ?? parameter.default } as Value;
}

/** A pattern of a centre may let through what no process can be given, or what a program takes for an option. */
function unsafe(variable: Variable, value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (value.includes('\0')) return 'must not hold NUL';
  return variable.sets === 'model' && value.startsWith('-') ? 'must not start with a dash' : null;
}

function unknownName(name: string, known: readonly string[]): string {
  const near = nearestWord(name, known);
  if (near !== null) return `is no variable of this recipe; did you mean ${near}?`;
  return `is no variable of this recipe; it takes ${[...known].sort().join(', ')}`;
}
