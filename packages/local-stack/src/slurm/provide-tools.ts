import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { canInstallPackages, installPackages, missingMessage } from '../debian/install-packages.ts';
import { unpackPackages } from '../debian/unpack-packages.ts';
import { findCommand } from '../process/find-command.ts';
import { SetupError } from '../setup-error.ts';
import { installedTools, missingPackages, type SlurmTools } from './tools.ts';
import { unpackable, unpackedTools } from './unpacked.ts';

export interface ProvideOptions {
  /** Unpacked packages go below it. */
  readonly directory: string;
  /** Hears what is about to be done, before it is done. */
  readonly report: (line: string) => void;
}

/**
 * The programs of a private SLURM: those installed; else, as root with apt, installed now; else unpacked from the
 * distribution's packages without installing anything.
 * @throws SetupError naming the packages that are missing
 */
export async function provideSlurmTools(options: ProvideOptions): Promise<SlurmTools> {
  const missing = missingPackages();
  if (missing.length > 0 && canInstallPackages()) await installPackages(missing, options.report);
  const tools = (await installedTools()) ?? (await unpackedHere(options));
  if (tools !== null) return tools;
  throw new SetupError(`A private SLURM cannot be started here. ${missingMessage(missing)}`);
}

async function unpackedHere({ directory, report }: ProvideOptions): Promise<SlurmTools | null> {
  // sshd starts itself anew for each connection, by paths that are compiled in: it has to be installed.
  if (findCommand('sshd') === null || findCommand('ssh-keygen') === null) return null;
  const into = join(directory, 'slurm-packages');
  const there = existsSync(join(into, 'usr/sbin'));
  if (!there && !(await unpackPackages({ packages: unpackable, into, report }))) return null;
  try {
    return await unpackedTools(into);
  } catch (error) {
    report(`the unpacked SLURM does not start: ${(error as Error).message}`);
    return null;
  }
}
