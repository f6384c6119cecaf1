import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, isFree } from '../process/free-port.ts';
import { PORT_BLOCK, portsFrom, type SlurmPorts, shortAlias } from './layout.ts';
import { endProcessesOf } from './strays.ts';

/**
 * Makes the directory usable: ends what still runs from an earlier life, unless that life goes on.
 * @returns the directory by a name that is short enough, its ports, and whether jobs are taken up again
 */
export async function claimDirectory(options: {
  readonly directory: string;
  readonly keepState?: boolean;
}) {
  mkdirSync(options.directory, { recursive: true });
  const directory = shortAlias(options.directory);
  const { ports, same } = await choosePorts(directory);
  const takesUp = options.keepState === true && existsSync(join(directory, 'state/job_state'));
  // Processes of jobs report to the old ports; to a controller that forgot them they are nothing.
  if (!takesUp || !same) await endProcessesOf(options.directory);
  if (!takesUp) rmSync(join(directory, 'state'), { recursive: true, force: true });
  return { directory, ports, takesUp };
}

/** The ports of an earlier life where they are free, so that what still runs of it finds its controller. */
async function choosePorts(directory: string): Promise<{ ports: SlurmPorts; same: boolean }> {
  const memory = join(directory, 'ports');
  const before = existsSync(memory) ? Number(readFileSync(memory, 'utf8')) : Number.NaN;
  if (Number.isInteger(before) && (await isFreeBlock(before)))
    return { ports: portsFrom(before), same: true };
  const base = await freePorts(PORT_BLOCK);
  writeFileSync(memory, String(base));
  return { ports: portsFrom(base), same: false };
}

async function isFreeBlock(base: number): Promise<boolean> {
  const ports = Array.from({ length: PORT_BLOCK }, (_, index) => base + index);
  const free = await Promise.all(ports.map((port) => isFree('127.0.0.1', port)));
  return free.every(Boolean);
}
