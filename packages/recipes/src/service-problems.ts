import { keyUseOf } from './access.ts';
import { checkValue, typed } from './check-arguments.ts';
import type { Recipe } from './schema.ts';
import { isSecret } from './secrets.ts';
import type { Service } from './service-schema.ts';

/** Something in a recipe that does not go together. */
interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * What a shell, the loader, a language, an installer or the job itself goes by: nobody who starts a service may set it.
 * Builds are shared, and what one fetches is known by names alone: where it comes from is nobody's choice.
 */
const reserved = new RegExp(
  [
    '^(PATH|HOME|IFS|ENV|SHELL|SHELLOPTS|PS4|CDPATH|TMPDIR|UID|EUID|PPID|NODE_OPTIONS|JAVA_TOOL_OPTIONS)$',
    '^(VIRTUAL_ENV|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$',
    '^(BASH|PYTHON|PERL|RUBY)',
    '_PROXY$',
    '^(PIP|UV|CONDA|XDG|NPM|DOCKER)_',
    '^(LD|DYLD|WF|WAKEFIELD|SLURM|SBATCH|SRUN|GIT|SSH|APPTAINER|APPTAINERENV|SINGULARITY|SINGULARITYENV)_',
  ].join('|'),
);

/** Problems between the parts of a recipe that is to be a service; none for one that is for models only. */
export function serviceProblems(recipe: Recipe): readonly Problem[] {
  const { service } = recipe;
  if (service === undefined) return [];
  return [
    ...Object.keys(service.variables).flatMap((name) => variableProblems(recipe, service, name)),
    ...cpuOnlyProblems(recipe, service),
    ...modelProblems(recipe, service),
    ...resourceProblems(recipe, service),
    ...accessProblems(recipe, service),
    ...secretProblems(recipe, service),
  ];
}

function variableProblems(recipe: Recipe, service: Service, name: string): readonly Problem[] {
  const path = ['service', 'variables', name];
  const variable = service.variables[name];
  if (variable === undefined) return [];
  if (variable.sets === 'environment' && reserved.test(name))
    return [{ path, message: 'must not be set by whoever starts a service' }];
  const value =
    variable.sets === 'parameter' ? recipe.parameters[variable.parameter] : variable.value;
  if (value === undefined) return [{ path, message: 'sets a parameter that is not there' }];
  const fallback = variable.sets === 'parameter' ? variable.default : variable.value.default;
  if (isSecret(variable)) return [];
  if (fallback === undefined && isNamed(recipe, name))
    return [{ path, message: 'needs a default: the command or the environment names it' }];
  const problem = fallback === undefined ? null : checkValue(value, fallback);
  return problem === null ? [] : [{ path: [...path, 'default'], message: problem }];
}

/** What nobody is shown has no default in a file, and comes to the job by a file of its own. */
function secretProblems(recipe: Recipe, { variables }: Service): readonly Problem[] {
  const files = Object.entries(recipe.secret_files);
  const unknown = files.flatMap(([file, text]) =>
    [...text.matchAll(/\{env\.(\w+)\}/g)]
      .filter(([, name = '']) => !isSecret(variables[name]))
      .map(([word]) => ({
        path: ['secret_files', file],
        message: `${word} is no variable that is a secret`,
      })),
  );
  const misused = Object.entries(variables).flatMap(([name, variable]) => {
    if (!isSecret(variable)) return [];
    const path = ['service', 'variables', name];
    const told = (message: string): readonly Problem[] => [{ path, message }];
    if (variable.value.default !== undefined) return told('a secret has no default');
    if (variable.value.type !== 'string') return told('a secret is of type string');
    const isThere = files.some(([, text]) => text.includes(`{env.${name}}`));
    if (isNamed(recipe, name) || !isThere) return told('a secret goes into secret_files alone');
    return [];
  });
  return [...unknown, ...misused];
}

/** Whether a job would fail without it. */
function isNamed({ command, environment, ranks }: Recipe, name: string): boolean {
  return JSON.stringify([command, environment, ranks]).includes(`{env.${name}}`);
}

function cpuOnlyProblems(recipe: Recipe, { cpu_only, variables }: Service): readonly Problem[] {
  const path = ['service', 'cpu_only'];
  const ofParameters = Object.entries(cpu_only?.parameters ?? {}).map(([name, value]) => {
    const parameter = recipe.parameters[name];
    const message =
      parameter === undefined ? 'is no parameter of the recipe' : checkValue(parameter, value);
    return { path: [...path, 'parameters', name], message };
  });
  // What is not declared is the recipe's own; a default of what is has to be as it is declared.
  const ofVariables = Object.entries(cpu_only?.environment ?? {}).map(([name, text]) => {
    const variable = variables[name];
    const message =
      variable?.sets === 'environment'
        ? checkValue(variable.value, typed(variable.value, text))
        : null;
    return { path: [...path, 'environment', name], message };
  });
  return [...ofParameters, ...ofVariables].flatMap(({ path, message }) =>
    message === null ? [] : [{ path, message }],
  );
}

/** Engines are asked, and sent requests, by `Authorization: Bearer`. */
function accessProblems({ probes }: Recipe, { access }: Service): readonly Problem[] {
  const key = keyUseOf(access.key);
  const isBearer = key.kind === 'authorization' && key.scheme === 'Bearer';
  if (probes.models !== undefined && !isBearer) {
    const message = 'must be {authorization: Bearer} with probes.models';
    return [{ path: ['service', 'access', 'key'], message }];
  }
  if (probes.private === undefined || key.kind !== 'none') return [];
  return [{ path: ['probes', 'private'], message: 'needs a key that service.access carries' }];
}

function modelProblems(recipe: Recipe, { variables }: Service): readonly Problem[] {
  const setters = Object.entries(variables).filter(([, { sets }]) => sets === 'model');
  const [first, second] = setters;
  const path = ['service', 'variables'];
  if (second !== undefined) return [{ path, message: 'only one may set the model' }];
  const used = /\{(hf_model_id|model)\}/.test(JSON.stringify([recipe.command, recipe.environment]));
  if (used && first === undefined)
    return [{ path, message: 'one has to set the model, which the command names' }];
  if (first?.[1].sets === 'model' && first[1].value.default === undefined)
    return [{ path: [...path, first[0]], message: 'needs a default: the model is always known' }];
  return [];
}

function resourceProblems(recipe: Recipe, { resources, cpu_only }: Service): readonly Problem[] {
  const path = ['service', 'resources'];
  const problems: Problem[] = [];
  if (resources.gpu === null && cpu_only === undefined)
    problems.push({ path: [...path, 'gpu'], message: 'must not be null without cpu_only' });
  if (resources.nodes > 1 && !recipe.several_nodes && recipe.ranks === undefined)
    problems.push({ path: [...path, 'nodes'], message: 'must be 1 without ranks' });
  return problems;
}
