import type { LaunchProfile } from '@wakefield/control';
import { AppError, identityName, type JobName, type Model } from '@wakefield/domain';
import { quote } from './quote.ts';
import type { Parameter, Recipe } from './schema.ts';
import { compileTemplate, fillText, type KnownValues } from './template.ts';

/** From TERM to KILL when the cluster ends the job, in seconds; below SLURM's default KillWait of 30. */
const terminateGrace = 5;

/** What a rendered job consists of. */
export interface RenderedJob {
  readonly script: string;
  readonly secretFiles: Readonly<Record<string, string>>;
}

export interface RenderInput {
  readonly model: Model;
  readonly name: JobName;
  readonly engineKey: string;
  readonly profile: LaunchProfile;
}

/**
 * Fills the job script. Everything that comes from outside goes through `quote`; only the set-up lines of
 * the cluster's configuration are shell by intention.
 * @throws AppError `invalid_request` for a model name that no command line can hold
 */
export function renderJob(template: string, recipe: Recipe, input: RenderInput): RenderedJob {
  const { profile, name, engineKey } = input;
  const known = knownValues(recipe, input);
  const directory = profile.jobsDirectory === null ? '.' : `${profile.jobsDirectory}/${name}`;
  const setup = profile.setup[recipe.name] ?? [];
  const words: Readonly<Record<string, string>> = {
    job: quote(name),
    directory: quote(directory),
    bind_host: quote(profile.bindHost),
    port_from: quote(String(profile.ports.from)),
    port_to: quote(String(profile.ports.to)),
    drain_grace: quote(String(recipe.drain_grace_seconds)),
    terminate_grace: String(terminateGrace),
    log_limit: String(recipe.log_limit_bytes),
    advertise: profile.advertise.kind,
    advertise_host: quote(profile.advertise.kind === 'fixed' ? profile.advertise.host : ''),
    hf_model_id: quote(known.hf_model_id),
    model_directory: quote(safeFolder(known.hf_model_id) ? (profile.modelDirectory ?? '') : ''),
    argv: argv(recipe, input.model, known),
    engine: quote(recipe.name),
    installed: (recipe.installed?.ask ?? []).map((text) => compileTemplate(text, known)).join(' '),
    install_hint: quote(recipe.installed?.hint ?? bringIt(recipe)),
    environment: engineEnvironment(recipe, known),
    profile_environment: profileEnvironment(profile.environment[recipe.name] ?? {}),
    login: setup.length === 0 ? '' : login,
    setup: setup.join('\n'),
  };
  const secretFiles = Object.entries(recipe.secret_files).map(
    ([file, text]) => [file, fillText(text, { key: engineKey })] as const,
  );
  return {
    script: fillScript(template, words),
    secretFiles: { key: `${engineKey}\n`, ...Object.fromEntries(secretFiles) },
  };
}

function knownValues(recipe: Recipe, { model, name, profile }: RenderInput): KnownValues {
  const { hfModelId, gpuCount, resources } = model.spec;
  if (/^-|\0/.test(hfModelId)) {
    throw new AppError('invalid_request', 'a model id cannot start with a dash or hold NUL', {
      param: 'hf_model_id',
    });
  }
  return {
    hf_model_id: hfModelId,
    identity: identityName(name),
    bind_host: profile.bindHost,
    gpu_count: String(gpuCount),
    gpus_per_node: String(Math.floor(gpuCount / resources.nodes)),
    nodes: String(resources.nodes),
    drain_grace: String(recipe.drain_grace_seconds),
  };
}

/** Only ids like `org/name` are looked for in the model directory: nothing that could lead out of it. */
function safeFolder(hfModelId: string): boolean {
  const segments = hfModelId.split('/');
  return (
    segments.length <= 2 && segments.every((part) => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part))
  );
}

/** Lines that build the array `wf_argv`. */
function argv(recipe: Recipe, model: Model, known: KnownValues): string {
  const word = (text: string) => compileTemplate(text, known);
  const lines = recipe.command.flatMap((item) => {
    if (item === '{engine_args}') return flags(recipe, model, known).map(append);
    if (typeof item === 'string') return [append(word(item))];
    const test = item.when.map(word).join(' ');
    const args = item.args.map(word).join(' ');
    return [`  if "\${WAKEFIELD_WRAP[@]}" ${test} >/dev/null 2>&1; then wf_argv+=(${args}); fi`];
  });
  return lines.join('\n');
}

const append = (word: string) => `  wf_argv+=(${word})`;

/** One word a parameter, `--flag=value`: a value that starts with a dash stays a value. */
function flags(recipe: Recipe, model: Model, known: KnownValues): readonly string[] {
  return Object.entries(recipe.parameters).flatMap(([name, parameter]) => {
    const value = model.spec.engineArgs[name] ?? defaultOf(parameter, known);
    if (value === undefined) return [];
    if (parameter.type !== 'boolean') return [quote(`${parameter.flag}=${value}`)];
    const flag = value === true ? parameter.flag : parameter.negated_flag;
    return flag === undefined ? [] : [quote(flag)];
  });
}

function defaultOf(parameter: Parameter, known: KnownValues) {
  if (parameter.type === 'integer' && parameter.default_from !== undefined) {
    return known[parameter.default_from];
  }
  return parameter.default;
}

function engineEnvironment(recipe: Recipe, known: KnownValues): string {
  const unset = recipe.unset.map((name) => `    unset ${name}`);
  const set = Object.entries(recipe.environment).map(
    ([name, text]) => `    export ${name}=${compileTemplate(text, known)}`,
  );
  return [...unset, ...set].join('\n');
}

function profileEnvironment(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${variable(name)}=${quote(value)}`)
    .join('\n');
}

/** @throws Error when the cluster's configuration names something that is no variable */
function variable(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new Error(`not a variable name: ${JSON.stringify(name)}`);
}

function bringIt({ name }: Recipe): string {
  return `recipes.${name} of this cluster in clusters.yaml has to bring it`;
}

/** `module` is a shell function that only login shells have. */
const login = 'type module >/dev/null 2>&1 || [ ! -r /etc/profile ] || . /etc/profile';

/** @throws Error when the template names a word that is not there: a broken installation */
function fillScript(template: string, words: Readonly<Record<string, string>>): string {
  return template.replaceAll(/<<([a-z_]+)>>/g, (_, name: string) => {
    const word = words[name];
    if (word === undefined) throw new Error(`the job script names <<${name}>>, which is unknown`);
    return word;
  });
}
