import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCommand } from '../process/find-command.ts';

const run = promisify(execFile);

export interface UnpackOptions {
  readonly packages: readonly string[];
  /** Root of the unpacked tree; made anew. */
  readonly into: string;
  readonly report: (line: string) => void;
}

/**
 * Downloads packages of the distribution and what they need and this machine lacks, and unpacks them without
 * installing: works for an ordinary user (apt-get(8) download, dpkg-deb(1)).
 * @returns false where that cannot be done; the reason is reported
 */
export async function unpackPackages(options: UnpackOptions): Promise<boolean> {
  if (findCommand('apt-get') === null || findCommand('dpkg-deb') === null) return false;
  const half = `${options.into}.new`;
  const downloads = join(half, 'debs');
  rmSync(half, { recursive: true, force: true });
  mkdirSync(downloads, { recursive: true });
  options.report(
    `unpacking ${options.packages.join(', ')} of the distribution (nothing is installed)`,
  );
  try {
    const lists = await aptLists(options.packages, half);
    await downloadWithDependencies(options.packages, downloads, lists);
    for (const file of debs(downloads)) await run('dpkg-deb', ['-x', file, half], limits);
    rmSync(downloads, { recursive: true, force: true });
    rmSync(options.into, { recursive: true, force: true });
    renameSync(half, options.into);
    return true;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    options.report(`the distribution's packages cannot be had: ${lastLine(stderr) || message}`);
    rmSync(half, { recursive: true, force: true });
    return false;
  }
}

const limits = { timeout: 120_000, maxBuffer: 64 << 20 };

/** Where libraries of an unpacked tree are. */
export function libraryPathOf(root: string): string {
  const lib = join(root, 'usr/lib');
  const multiarch = quietly(() => readdirSync(lib))
    .filter((name) => name.includes('-linux-'))
    .map((name) => join(lib, name));
  return [...multiarch, lib].join(':');
}

/**
 * Options that make apt know the packages. An image without package lists gets private ones, since only root may
 * write the system's (apt.conf(5), Dir::State::lists).
 */
async function aptLists(packages: readonly string[], root: string): Promise<readonly string[]> {
  const { stdout } = await run('apt-cache', ['policy', ...packages], limits);
  const known = stdout.match(/Candidate: (?!\(none\))/g)?.length ?? 0;
  if (known >= packages.length) return [];
  const state = join(root, 'apt');
  mkdirSync(join(state, 'lists/partial'), { recursive: true });
  mkdirSync(join(state, 'cache/archives/partial'), { recursive: true });
  const options = ['-o', `Dir::State::lists=${state}/lists`, '-o', `Dir::Cache=${state}/cache`];
  await run('apt-get', [...options, 'update'], limits);
  return options;
}

async function downloadWithDependencies(
  packages: readonly string[],
  folder: string,
  lists: readonly string[],
): Promise<void> {
  const asked = new Set<string>();
  let missing = [...packages];
  while (missing.length > 0) {
    for (const name of missing) asked.add(name);
    await run('apt-get', [...lists, 'download', ...missing], { ...limits, cwd: folder });
    const wanted = await Promise.all(debs(folder).map(dependenciesOf));
    const open = [...new Set(wanted.flat())].filter((name) => !asked.has(name));
    const installed = await installedPackages(open);
    missing = open.filter((name) => name.startsWith('lib') && !installed.has(name));
  }
}

/** Names out of a package's Depends line, first alternative each. */
async function dependenciesOf(file: string): Promise<readonly string[]> {
  const { stdout } = await run('dpkg-deb', ['-f', file, 'Depends', 'Pre-Depends'], limits);
  return parseDependencies(stdout);
}

/** `Depends: libc6 (>= 2.34), libjemalloc2 (>= 5.2) | other, adduser` → libc6, libjemalloc2, adduser */
export function parseDependencies(control: string): readonly string[] {
  return control
    .replaceAll(/^[A-Za-z-]+:/gm, ',')
    .split(',')
    .map((part) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(part)?.[1] ?? '')
    .filter((name) => name !== '');
}

async function installedPackages(names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query has placeholders of its own
  const format = ['-W', '-f', '${Package} ${db:Status-Status}\\n'];
  // dpkg-query fails when one of the names is unknown, and prints the others all the same.
  const { stdout } = await run('dpkg-query', [...format, ...names], limits).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  return new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0] ?? ''),
  );
}

function debs(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(folder, name));
}

function quietly(list: () => string[]): readonly string[] {
  try {
    return list();
  } catch {
    return [];
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
