import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LaunchProfile } from '@wakefield/control';
import { isAppError } from '@wakefield/domain';
import { createCatalog } from '../catalog.ts';
import { type ReadRecipes, readRecipes, readScriptParts } from '../read-recipes.ts';
import type { ResolvedService } from '../resolve.ts';
import type { ServiceRecipe, ServiceRecipes } from '../service-recipes.ts';

/** What `npm run recipe` works with: the process hands in its own, tests theirs. */
export interface RecipeCliOptions {
  readonly arguments: readonly string[];
  /** Folders of the site, as the services have them. */
  readonly folders: readonly string[];
  /** What relative folders begin at. */
  readonly workingDirectory: string;
  readonly print: (line: string) => void;
}

const usage = `npm run recipe -- COMMAND [options]

  lint [FOLDER]    check the built-in recipes, those of WAKEFIELD_RECIPES, and those of FOLDER
  list             name those that can be started as services
  render NAME      print the job script of a service, as a cluster would get it
    --env K=V        a variable of the recipe (may be repeated)
    --nodes, --cpu, --memory, --time-limit (minutes), --gpu (or --gpu none)
    --to FOLDER      write the script and what belongs beside it there, ready to be tried`;

/** Where the script of a reader would run. */
const anywhere: LaunchProfile = {
  jobsDirectory: '/home/you/.wakefield/jobs',
  bindHost: '0.0.0.0',
  advertise: { kind: 'hostname' },
  ports: { from: 20_000, to: 29_999 },
  modelDirectory: null,
  setup: {},
  environment: {},
};

/** @returns exit code: 0 good, 1 something is wrong with recipes or values, 64 the call itself */
export async function runRecipeCli(options: RecipeCliOptions): Promise<number> {
  const [command, ...rest] = options.arguments;
  try {
    if (command === 'lint' && rest.length <= 1) return await lint(options, rest[0]);
    if (command === 'list' && rest.length === 0) return await list(options);
    if (command === 'render') return await render(options, rest);
  } catch (error) {
    if (!isWrongCall(error)) throw error;
    options.print(error.message);
  }
  options.print(usage);
  return 64;
}

/** Of parseArgs: an option that there is not, a value that is missing. By its code, as its class may be another realm's. */
function isWrongCall(error: unknown): error is Error {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
}

async function lint(options: RecipeCliOptions, folder: string | undefined): Promise<number> {
  const own = folder === undefined ? [] : [folder];
  const read = await readAll(options, own);
  if (read === null) return 1;
  for (const { path, file, recipe } of read.recipes) {
    const uses = [
      ...(recipe.probes.models === undefined ? [] : ['models']),
      ...(recipe.service === undefined ? [] : ['services']),
    ];
    const tried = recipe.untested
      ? 'untested'
      : `tried with ${recipe.tried.join(', ')} (${recipe.tried_forms.join(', ') || 'forms untold'})`;
    options.print(`✔ ${path.padEnd(24)} for ${uses.join(' and ')}; ${tried}`);
    const replaced = read.replaced[file];
    if (replaced !== undefined) options.print(`  ${file} takes the place of ${replaced}`);
  }
  // To services an empty folder is none of their business; who has one checked means recipes in it.
  for (const path of read.empty)
    options.print(`✘ ${path}: no recipe is in it, as NAME/recipe.yaml or KIND/NAME/recipe.yaml`);
  return read.empty.length === 0 ? 0 : 1;
}

async function list(options: RecipeCliOptions): Promise<number> {
  const services = await servicesOf(options);
  for (const { path, recipe } of services?.list ?? [])
    options.print(`${path.padEnd(24)} ${recipe.description}`);
  return services === null ? 1 : 0;
}

async function render(options: RecipeCliOptions, args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      env: { type: 'string', multiple: true, default: [] },
      nodes: { type: 'string' },
      cpu: { type: 'string' },
      memory: { type: 'string' },
      'time-limit': { type: 'string' },
      gpu: { type: 'string' },
      to: { type: 'string' },
    },
  });
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) return wrong(options, 'render takes one recipe');
  const pairs = values.env.map((pair) => /^([^=]+)=(.*)$/s.exec(pair));
  const bad = pairs.indexOf(null);
  if (bad >= 0) return wrong(options, `--env ${values.env[bad]}: must be NAME=VALUE`);
  const environment = Object.fromEntries(pairs.map((match) => [match?.[1] ?? '', match?.[2]]));
  const { nodes, cpu, memory, gpu, 'time-limit': timeLimit } = values;
  const asked = { nodes, cpu, memory, time_limit: timeLimit, gpu: gpu === 'none' ? null : gpu };
  const services = await servicesOf(options);
  const entry = services === null ? null : find(services, path, options.print);
  if (services === null || entry === null) return 1;
  const resolved = services.resolve(path, { environment, resources: asked });
  if ('problems' in resolved) {
    for (const { param, message } of resolved.problems) options.print(`${param} ${message}`);
    return 1;
  }
  await hand(options, services, resolved.service, values.to ?? null);
  return 0;
}

/** Prints the job of a service, or writes it to a folder. */
async function hand(
  { print, workingDirectory }: RecipeCliOptions,
  services: ServiceRecipes,
  service: ResolvedService,
  to: string | null,
): Promise<void> {
  const name = 'wf-main-0123456789abcdef-1';
  const basePath = `/api/v1/services/${name}/proxy`;
  const folder = to === null ? null : resolve(workingDirectory, to);
  const profile = folder === null ? anywhere : { ...anywhere, jobsDirectory: folder };
  const job = services.render({ service, name, engineKey: 'KEY', profile, basePath });
  const notes = [
    `resources: ${JSON.stringify(service.resources)}`,
    ...Object.entries(service.ignored).map(([name, because]) => `${name} does nothing: ${because}`),
  ];
  if (folder !== null) {
    const script = await writeJob(join(folder, name), job);
    for (const note of notes) print(note);
    print(`bash ${script}`);
    return;
  }
  // Behind the script: it is to begin with its first line.
  print(job.script);
  for (const note of notes) print(`# ${note}`);
  for (const file of Object.keys(job.secretFiles)) print(`# and a file of mode 0600: ${file}`);
}

/** @returns the path of the script */
async function writeJob(
  directory: string,
  { script, secretFiles }: ReturnType<ServiceRecipes['render']>,
): Promise<string> {
  const path = join(directory, 'job.sh');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(secretFiles))
    await writeFile(join(directory, name), content, { mode: 0o600 });
  await writeFile(path, script, { mode: 0o700 });
  return path;
}

function wrong({ print }: RecipeCliOptions, message: string): number {
  print(message);
  print(usage);
  return 64;
}

async function readAll(
  options: RecipeCliOptions,
  more: readonly string[],
): Promise<ReadRecipes | null> {
  const folders = [...options.folders, ...more];
  const read = await readRecipes(folders.map((path) => resolve(options.workingDirectory, path)));
  for (const problem of read.problems) options.print(`✘ ${problem}`);
  return read.problems.length === 0 ? read : null;
}

async function servicesOf(options: RecipeCliOptions): Promise<ServiceRecipes | null> {
  const read = await readAll(options, []);
  return read === null ? null : createCatalog(read.recipes, await readScriptParts()).services;
}

function find(
  services: ServiceRecipes,
  path: string,
  print: (line: string) => void,
): ServiceRecipe | null {
  try {
    return services.get(path);
  } catch (error) {
    if (!isAppError(error)) throw error;
    print(error.message);
    return null;
  }
}
