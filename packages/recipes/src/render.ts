import { AppError, identityName } from '@wakefield/domain';
import { fillScript } from './fill-script.ts';
import { quote } from './quote.ts';
import { renderBuild } from './render-build.ts';
import type { Parameter, Recipe } from './schema.ts';
import { compileTemplate, fillText, type KnownValues } from './template.ts';
import type { Work } from './work.ts';

/** From TERM to KILL when the cluster ends the job, in seconds; below SLURM's default KillWait of 30. */
const terminateGrace = 5;

/** What a rendered job consists of. */
export interface RenderedJob {
  readonly script: string;
  readonly secretFiles: Readonly<Record<string, string>>;
}

/** Bash that all jobs are made of: the job itself, and what only some need. */
export interface ScriptParts {
  readonly job: string;
  readonly log: string;
  readonly processes: string;
  readonly port: string;
  readonly build: string;
  readonly ranks: string;
}

/**
 * Fills the job script. Everything that comes from outside goes through `quote`; only the set-up lines of
 * the cluster's configuration are shell by intention.
 * @throws AppError `invalid_request` for a model name that no command line can hold
 */
export function renderJob(parts: ScriptParts, recipe: Recipe, work: Work): RenderedJob {
  const { profile, name, engineKey } = work;
  const known = knownValues(recipe, work);
  const directory = profile.jobsDirectory === null ? '.' : `${profile.jobsDirectory}/${name}`;
  const setup = profile.setup[recipe.name] ?? [];
  // A cluster whose set-up lines bring it needs no build.
  const build = work.builds && setup.length === 0 ? renderBuild(parts.build, recipe, work) : '';
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
    argv: argv(recipe, work, known),
    engine: quote(recipe.name),
    installed: (recipe.installed?.ask ?? []).map((text) => compileTemplate(text, known)).join(' '),
    install_hint: quote(recipe.installed?.hint ?? bringIt(recipe)),
    environment: engineEnvironment(recipe, known),
    profile_environment: exports(profile.environment[recipe.name] ?? {}),
    work_environment: exports(work.environment),
    login: setup.length === 0 ? '' : login,
    setup: setup.join('\n'),
    // mkdir says itself what is wrong.
    folders: work.folders.map((folder) => `mkdir -p -- ${quote(folder)} || exit`).join('\n'),
    log: parts.log,
    processes: parts.processes,
    port: parts.port,
    build,
    stage: build === '' ? 'rm -f stage' : 'echo building >.stage.new && mv -f .stage.new stage',
    ranks: ranks(parts.ranks, recipe, work, known),
  };
  const secretFiles = Object.entries(recipe.secret_files).map(
    ([file, text]) => [file, fillText(text, { key: engineKey, secrets: work.secrets })] as const,
  );
  return {
    script: fillScript(parts.job, words),
    secretFiles: {
      key: `${engineKey}\n`,
      ...Object.fromEntries(secretFiles),
      // Before the script says anything: who looks at the job the moment it runs would take it for one that starts.
      ...(build === '' ? {} : { stage: 'building\n' }),
    },
  };
}

function knownValues(recipe: Recipe, work: Work): KnownValues {
  const { name, profile, gpuCount, nodes } = work;
  const hfModelId = work.hfModelId ?? '';
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
    gpus_per_node: String(Math.floor(gpuCount / nodes)),
    nodes: String(nodes),
    drain_grace: String(recipe.drain_grace_seconds),
    base_path: work.basePath,
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
function argv(recipe: Recipe, work: Work, known: KnownValues): string {
  const word = (text: string) => compileTemplate(text, known);
  const lines = commandOf(recipe, work).flatMap((item) => {
    if (item === '{engine_args}') return flags(recipe, work, known).map(append);
    if (typeof item === 'string') return [append(word(item))];
    const test = item.when.map(word).join(' ');
    const args = item.args.map(word).join(' ');
    return [`  if "\${WAKEFIELD_WRAP[@]}" ${test} >/dev/null 2>&1; then wf_argv+=(${args}); fi`];
  });
  return lines.join('\n');
}

/** With the program that starts ranks, where there are any. */
function commandOf({ command, ranks: spread }: Recipe, { nodes }: Work): Recipe['command'] {
  if (nodes < 2 || spread?.program === undefined) return command;
  const options = command.findIndex(
    (item) => typeof item === 'string' && /^(--|\{engine)/.test(item),
  );
  return [...spread.program, ...(options < 0 ? [] : command.slice(options))];
}

const append = (word: string) => `  wf_argv+=(${word})`;

/** One word a parameter, `--flag=value`: a value that starts with a dash stays a value. */
function flags(recipe: Recipe, { args }: Work, known: KnownValues): readonly string[] {
  return Object.entries(recipe.parameters).flatMap(([name, parameter]) => {
    const value = args[name] ?? defaultOf(parameter, known);
    if (value === undefined) return [];
    if (parameter.type !== 'boolean') return [quote(`${parameter.flag}=${value}`)];
    const flag = value === true ? parameter.flag : parameter.negated_flag;
    return flag === undefined ? [] : [quote(flag)];
  });
}

function defaultOf(parameter: Parameter, known: KnownValues) {
  if (parameter.type === 'integer' && parameter.default_from !== undefined) {
    // Without GPUs the engine's own default stands.
    return known[parameter.default_from] === '0' ? undefined : known[parameter.default_from];
  }
  return parameter.default;
}

/** How the other nodes are started; nothing where there are none, or where the command sees to it. */
function ranks(part: string, recipe: Recipe, work: Work, known: KnownValues): string {
  if (work.nodes < 2 || recipe.ranks === undefined) return '';
  const words = (texts: readonly string[]) =>
    texts.map((text) => compileTemplate(text, known)).join(' ');
  return fillScript(part, {
    others_count: String(work.nodes - 1),
    args: words(recipe.ranks.args),
    others: words(recipe.ranks.others),
  });
}

function engineEnvironment(recipe: Recipe, known: KnownValues): string {
  const unset = recipe.unset.map((name) => `    unset ${name}`);
  const set = Object.entries(recipe.environment).map(
    ([name, text]) => `    export ${name}=${compileTemplate(text, known)}`,
  );
  return [...unset, ...set].join('\n');
}

function exports(environment: Readonly<Record<string, string>>): string {
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
