import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPython, uvPackage } from '../../../scripts/find-python.ts';
import type { Peer } from './list.ts';

/** What they need themselves is taken as it was that day. */
const asOf = '2026-11-20';
const limits = { timeout: 900_000, maxBuffer: 64 << 20 };
const run = promisify(execFile);

/** Where an installed peer is. */
export interface Installed {
  /** The words with which its first word is run. */
  readonly program: (word: string) => readonly string[];
  readonly version: string;
}

/**
 * Installs a peer into a folder of its own; running it again costs nothing.
 * @param directory of all peers, kept between runs
 * @throws Error with the reason why it cannot be had
 */
export async function install(
  { name, origin }: Peer,
  directory: string,
  report: (line: string) => void,
): Promise<Installed> {
  if (origin.registry === 'none') throw new Error(origin.reason);
  const folder = join(directory, name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
  const [, packageName = '', version = ''] =
    /^(@?[^=@[]+)\S*?[=@]+([\d.]+)$/.exec(origin.requirement) ?? [];
  const stamp = join(folder, `.installed-${version}`);
  if (!existsSync(stamp)) {
    report(`installing ${origin.requirement} into ${folder}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    if (origin.registry === 'pypi') await fromPypi(origin.requirement, folder, directory);
    else await fromNpm(origin.requirement, folder);
    writeFileSync(stamp, '');
  }
  const program =
    origin.registry === 'pypi'
      ? (word: string) => [join(folder, 'bin', word)]
      : (word: string) => [process.execPath, join(folder, 'node_modules', packageName, word)];
  return { program, version };
}

async function fromPypi(requirement: string, folder: string, directory: string): Promise<void> {
  const python = findPython();
  if (python === null) throw new Error('there is no Python 3.10 to 3.13 with venv');
  const installer = join(directory, 'installer');
  const uv = join(installer, 'bin/uv');
  if (!existsSync(uv)) {
    await told(python, ['-m', 'venv', installer]);
    await told(join(installer, 'bin/python'), ['-m', 'pip', 'install', '--quiet', uvPackage]);
  }
  await told(uv, ['venv', '--quiet', '--clear', '--python', python, folder]);
  await told(uv, [
    ...['pip', 'install', '--quiet', '--python', join(folder, 'bin/python')],
    ...['--exclude-newer', asOf, requirement],
  ]);
}

async function fromNpm(requirement: string, folder: string): Promise<void> {
  await told('npm', [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    requirement,
  ]);
}

/** @throws Error with the end of what the program said */
async function told(program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args, limits);
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new Error((stderr.trim() || message).split('\n').slice(-3).join(' ').slice(-400));
  }
}
