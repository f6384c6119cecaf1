import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCatalog, type LoadedRecipes, loadRecipes, recipeSchema } from '../src/index.ts';
import { readScriptParts } from '../src/read-recipes.ts';
import type { RenderedJob, ScriptParts } from '../src/render.ts';
import { type InputChange, renderInput } from './inputs.ts';

const simulatorMain = fileURLToPath(new URL('../../simulator/src/main.ts', import.meta.url));

/** A job script that runs under a real bash, as a batch system would start it. */
export interface RunningJob {
  readonly directory: string;
  readonly script: string;
  /** To the batch shell alone. */
  signal(name: NodeJS.Signals): void;
  /** To every process, as a cluster ends a job. */
  signalAll(name: NodeJS.Signals): Promise<void>;
  /** Exit code of the batch shell. */
  ended(): Promise<number | null>;
  read(file: string): Promise<string>;
  json(file: string): Promise<Record<string, unknown>>;
  /** Base URL of the engine, once its port is chosen. */
  url(): Promise<string>;
  /** Live processes of its session, the batch shell included. */
  processes(): Promise<readonly number[]>;
}

export interface Workshop {
  readonly root: string;
  /** A catalog with one recipe, which runs these words. */
  catalogOf(command: readonly unknown[], change?: object): LoadedRecipes;
  /** Renders and starts a job, from the real catalog by default; it is ended with the workshop. */
  start(change: InputChange, from?: LoadedRecipes): Promise<RunningJob>;
  /** Starts a script that is rendered already, in this directory. */
  run(
    directory: string,
    job: RenderedJob,
    environment?: Readonly<Record<string, string>>,
  ): Promise<RunningJob>;
  close(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const root = await mkdtemp(join(tmpdir(), 'wakefield-job-'));
  const parts = await readScriptParts();
  const catalog = await loadRecipes();
  const running: RunningJob[] = [];
  let seq = 0;
  const run: Workshop['run'] = async (directory, job, environment = {}) => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const [file, text] of Object.entries(job.secretFiles)) {
      await writeFile(join(directory, file), text, { mode: 0o600 });
    }
    const started = await startShell(directory, job.script, environment);
    running.push(started);
    return started;
  };
  return {
    root,
    run,
    catalogOf: (command, change) => catalogOf(parts, command, change),
    async start(change, from = catalog) {
      const name = change.name ?? `wf-t-0123456789abcdef-${++seq}`;
      const jobsDirectory = change.profile?.jobsDirectory ?? join(root, 'jobs');
      const environment = {
        simulator: { WAKEFIELD_NODE: process.execPath, WAKEFIELD_SIMULATOR: simulatorMain },
        ...change.profile?.environment,
      };
      const profile = { ...change.profile, jobsDirectory, environment };
      const job = from.render(renderInput({ ...change, name, profile }));
      return run(join(jobsDirectory, name), job);
    },
    async close() {
      for (const job of running) await job.signalAll('SIGKILL');
      await Promise.all(running.map((job) => job.ended()));
      await rm(root, { recursive: true });
    },
  };
}

function catalogOf(
  parts: ScriptParts,
  command: readonly unknown[],
  change: object = {},
): LoadedRecipes {
  const recipe = recipeSchema.parse({
    name: 'simulator',
    description: 'A stand-in.',
    tried: [],
    drain_grace_seconds: 20,
    command,
    parameters: {},
    probes: { health: '/health', models: '/v1/models', warm_up: [] },
    metrics: { path: null, running: [], waiting: [] },
    ...change,
  });
  return createCatalog([{ path: 'simulator', file: 'recipe.yaml', recipe }], parts);
}

/** An executable with this text, somewhere in the workshop. */
export async function program(root: string, name: string, text: string): Promise<string> {
  const path = join(root, name);
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

async function startShell(
  directory: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningJob> {
  const file = join(directory, 'script');
  await writeFile(file, script);
  const shell = spawn('/bin/bash', [file], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: directory, ...environment },
  });
  const exit = once(shell, 'exit').then(([code]: (number | null)[]) => code ?? null);
  const pid = shell.pid ?? 0;
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => '');
  const json = async (name: string) => JSON.parse(await read(name)) as Record<string, unknown>;
  const processes = () => sessionMembers(pid);
  return {
    directory,
    script,
    signal: (name) => {
      process.kill(pid, name);
    },
    async signalAll(name) {
      for (const member of await processes()) {
        try {
          process.kill(member, name);
        } catch {
          // It ended by itself meanwhile.
        }
      }
    },
    ended: () => exit,
    read,
    json,
    async url() {
      await until(async () => (await read('endpoint.json')) !== '');
      const { host, port } = await json('endpoint.json');
      return `http://${host}:${port}`;
    },
    processes,
  };
}

/** From ps, which every system has. */
async function sessionMembers(session: number): Promise<readonly number[]> {
  const ps = spawn('ps', ['-A', '-o', 'pid=,sess=,stat='], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  await once(ps, 'close');
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, sess, stat]) => Number(sess) === session && stat?.startsWith('Z') === false)
    .map(([pid]) => Number(pid));
}

/** Looks again and again until it holds. @throws Error after `limitMs` */
export async function until(holds: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come true in ${limitMs} ms: ${holds}`);
    await sleep(20);
  }
}
