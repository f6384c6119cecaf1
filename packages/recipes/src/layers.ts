import type { EngineArg } from '@wakefield/domain';
import type { Recipe } from './schema.ts';
import type { Service, Variable } from './service-schema.ts';

/** What a service sets, after all defaults. */
export interface Layers {
  /** Parameters of the recipe by name. */
  readonly args: Readonly<Record<string, EngineArg>>;
  /** Variables of the job. */
  readonly exported: Readonly<Record<string, string>>;
}

/**
 * Parameters and environment: what is given goes before what the recipe says for CPUs, that before the default of the
 * variable, and that before the default of the parameter.
 */
export function layers(
  recipe: Recipe & { readonly service: Service },
  given: ReadonlyMap<string, EngineArg>,
  onCpus: Service['cpu_only'],
): Layers {
  const defaults = collect(recipe, (_, variable) =>
    variable.sets === 'parameter' ? variable.default : variable.value.default,
  );
  const chosen = collect(recipe, (name) => given.get(name));
  return {
    args: {
      ...parameterDefaults(recipe),
      ...defaults.args,
      ...onCpus?.parameters,
      ...chosen.args,
    },
    exported: { ...defaults.exported, ...onCpus?.environment, ...chosen.exported },
  };
}

/** What the variables set by the values that `read` has for them. */
function collect(
  { service }: { readonly service: Service },
  read: (name: string, variable: Variable) => EngineArg | undefined,
): Layers {
  const args: Record<string, EngineArg> = {};
  const exported: Record<string, string> = {};
  for (const [name, variable] of Object.entries(service.variables)) {
    const value = read(name, variable);
    if (value === undefined) continue;
    if (variable.sets === 'parameter') args[variable.parameter] = value;
    if (variable.sets === 'environment') exported[name] = String(value);
  }
  return { args, exported };
}

/** Those that do not follow from the shape of the job. */
function parameterDefaults({ parameters }: Recipe): Record<string, EngineArg> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, parameter]) => {
      const fromShape = parameter.type === 'integer' && parameter.default_from !== undefined;
      return fromShape || parameter.default === undefined ? [] : [[name, parameter.default]];
    }),
  );
}

/** Value of a variable; undefined: nobody says, so the job's shape or the program itself does. */
export function layered(
  name: string,
  variable: Variable,
  given: ReadonlyMap<string, EngineArg>,
  { args, exported }: Layers,
): EngineArg | undefined {
  switch (variable.sets) {
    case 'model':
      return given.get(name) ?? variable.value.default;
    case 'parameter':
      return args[variable.parameter];
    case 'environment':
      return exported[name];
    case 'nothing':
      return given.get(name);
  }
}
