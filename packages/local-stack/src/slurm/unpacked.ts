import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { libraryPathOf } from '../debian/unpack-packages.ts';
import { isExecutable } from '../process/find-command.ts';
import { type SlurmTools, systemPath, toolsFrom } from './tools.ts';

/** Packages to unpack; what else they need is found by their dependencies. */
export const unpackable: readonly string[] = [
  'slurmctld',
  'slurmd',
  'slurm-client',
  'slurm-wlm-basic-plugins',
  'munge',
  'libmunge2',
];

/** Debian names the daemons so, and links the usual names when it installs them. */
const SUFFIX = '-wlm';

/**
 * The programs of an unpacked tree. Each gets a small script in front that lets it find the tree's libraries.
 * @throws when the tree is incomplete or its programs do not start
 */
export async function unpackedTools(root: string): Promise<SlurmTools> {
  const folder = join(root, 'wakefield-bin');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'programs'), { recursive: true });
  const pluginDirectory = pluginsOf(root);
  const libraries = `${libraryPathOf(root)}:${pluginDirectory}`;
  for (const program of programsOf(root)) {
    const name = basename(program).replace(SUFFIX, '');
    // The daemons look at their own name to know what they are.
    const link = join(folder, 'programs', name);
    symlinkSync(program, link);
    writeFileSync(join(folder, name), launcher(link, libraries));
    chmodSync(join(folder, name), 0o755);
  }
  return toolsFrom(`${folder}:${systemPath}`, {
    pluginDirectory,
    slurmstepd: join(folder, 'slurmstepd'),
  });
}

function programsOf(root: string): readonly string[] {
  return ['usr/bin', 'usr/sbin']
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter(isExecutable);
}

function pluginsOf(root: string): string {
  const found = libraryPathOf(root)
    .split(':')
    .map((folder) => join(folder, 'slurm-wlm'))
    .find((folder) => existsSync(folder));
  if (found === undefined) throw new Error(`no plugins of SLURM below ${root}`);
  return found;
}

/**
 * Clients get the libraries by the loader's own option (ld.so(8)), because sbatch passes its environment on to
 * jobs. Daemons start themselves again by /proc/self/exe, which would then be the loader; a variable does them no
 * harm, as a job's environment is not theirs.
 */
function launcher(program: string, libraries: string): string {
  const daemon = /^(slurmctld|slurmd|slurmstepd|munged)$/.test(basename(program));
  const words = daemon
    ? ['env', `LD_LIBRARY_PATH=${libraries}`, program]
    : [loader(), '--library-path', libraries, program];
  return `#!/bin/sh\nexec ${words.map(quote).join(' ')} "$@"\n`;
}

function loader(): string {
  for (const folder of ['/lib64', '/lib']) {
    if (!existsSync(folder)) continue;
    const name = readdirSync(folder).find((entry) => /^ld-linux.*\.so\.\d+$/.test(entry));
    if (name !== undefined) return join(folder, name);
  }
  throw new Error('this machine has no dynamic loader of glibc');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
