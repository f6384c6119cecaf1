import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findCommand } from '../process/find-command.ts';

const run = promisify(execFile);

/** Programs that a private SLURM needs, by the Debian and Ubuntu package that brings them. */
const needed = {
  munge: ['munged'],
  slurmctld: ['slurmctld'],
  slurmd: ['slurmd'],
  'slurm-client': ['sbatch', 'squeue', 'scancel', 'sinfo', 'scontrol'],
  'openssh-server': ['sshd'],
  'openssh-client': ['ssh-keygen'],
} as const;

/** Where the programs of a private SLURM are. */
export interface SlurmTools {
  /** As `slurmctld -V` says it, e.g. `slurm-wlm 22.05.8`. */
  readonly version: string;
  readonly munged: string;
  readonly slurmctld: string;
  readonly slurmd: string;
  readonly sshd: string;
  readonly sshKeygen: string;
  /** PATH on which clients find sbatch and the others. */
  readonly path: string;
  /** Set when the packages were unpacked instead of installed. */
  readonly unpacked: {
    readonly pluginDirectory: string;
    readonly slurmstepd: string;
  } | null;
}

/** Where an installed SLURM is, whatever the caller's PATH. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Names of the Debian packages that this machine lacks for a private SLURM; empty when it has all. */
export function missingPackages(): readonly string[] {
  return Object.entries(needed)
    .filter(([, commands]) => commands.some((command) => findCommand(command) === null))
    .map(([name]) => name);
}

/** The installed programs; null when some are missing ({@link missingPackages} names them). */
export async function installedTools(): Promise<SlurmTools | null> {
  if (missingPackages().length > 0) return null;
  return toolsFrom(systemPath, null);
}

/**
 * Looks the programs up on a PATH and asks for their version.
 * @throws when one is missing or does not start
 */
export async function toolsFrom(
  path: string,
  unpacked: SlurmTools['unpacked'],
): Promise<SlurmTools> {
  const locate = (command: string): string => {
    const found = findCommand(command, path);
    if (found === null) throw new Error(`${command} is not on ${path}`);
    return found;
  };
  const slurmctld = locate('slurmctld');
  const { stdout } = await run(slurmctld, ['-V'], { env: { PATH: path } });
  return {
    version: stdout.trim(),
    munged: locate('munged'),
    slurmctld,
    slurmd: locate('slurmd'),
    // sshd starts itself again for each connection and therefore insists on an absolute path.
    sshd: locate('sshd'),
    sshKeygen: locate('ssh-keygen'),
    path,
    unpacked,
  };
}

/**
 * From 23.11 on slurmd wants a cgroup plugin even without cgroups, and `disabled` satisfies it; before, that
 * word is fatal (cgroup.conf(5)).
 */
export function needsCgroupConf(version: string): boolean {
  const major = Number(/(\d+)\.\d+/.exec(version)?.[1]);
  return major >= 23;
}
