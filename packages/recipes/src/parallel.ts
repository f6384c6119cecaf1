import type { ArgumentProblem } from '@wakefield/control';
import type { EngineArg } from '@wakefield/domain';
import type { Recipe } from './schema.ts';
import type { Resources, Service } from './service-schema.ts';

interface Asked {
  readonly args: Readonly<Record<string, EngineArg>>;
  /** Names of the variables that somebody set. */
  readonly given: ReadonlySet<string>;
  readonly resources: Resources;
}

/**
 * An engine makes as many processes as the sizes multiply to, each of which takes a GPU where there are any, and spreads them
 * evenly over the nodes; it would say minutes later that it cannot.
 */
export function parallelProblems(
  { service, parameters, parallel }: Recipe & { readonly service: Service },
  { args, given, resources: { nodes, gpu } }: Asked,
): readonly ArgumentProblem[] {
  if (parallel.length === 0) return [];
  const gpus = (gpu ?? 0) * nodes;
  const sizes = parallel.map((name) => {
    const parameter = parameters[name];
    const isOfAll = parameter?.type === 'integer' && parameter.default_from === 'gpu_count';
    const size = args[name] ?? (isOfAll && gpus > 0 ? gpus : 1);
    const variable = Object.entries(service.variables).find(
      ([, one]) => one.sets === 'parameter' && one.parameter === name,
    )?.[0];
    return { name: variable ?? name, size: Number(size) };
  });
  const processes = sizes.reduce((product, { size }) => product * size, 1);
  const told = sizes.map(({ name, size }) => `${name} ${size}`).join(' × ');
  const blamed = sizes.findLast(({ name }) => given.has(name))?.name;
  const param = blamed === undefined ? 'config.resources.nodes' : `config.environment.${blamed}`;
  if (gpu !== null && processes > gpus) {
    const message = `asks for ${processes} GPUs, and the job has ${gpus}: ${told}`;
    return [{ param, message }];
  }
  if (processes % nodes === 0) return [];
  const message = `does not go with ${nodes} nodes, which share the processes evenly: ${told} is ${processes}`;
  return [{ param, message }];
}
