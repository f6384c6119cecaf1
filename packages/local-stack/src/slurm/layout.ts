import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One simulated compute node. Several run on this machine; each is a slurmd with its own name and port. */
export interface SlurmNode {
  readonly name: string;
  /** Generic resources as in slurm.conf, e.g. `gpu:h200:4`, `gpu:a100:2,shard:8`; empty for none. */
  readonly gres: string;
  readonly features: string;
}

/** Ports of one private cluster, all in one block. */
export const PORT_BLOCK = 50;
const SSH_OFFSET = 20;
const SRUN_OFFSET = 25;

export interface SlurmPorts {
  readonly controller: number;
  readonly ssh: number;
  readonly srun: { readonly from: number; readonly to: number };
  node(index: number): number;
}

export function portsFrom(base: number): SlurmPorts {
  return {
    controller: base,
    ssh: base + SSH_OFFSET,
    srun: { from: base + SRUN_OFFSET, to: base + PORT_BLOCK - 1 },
    node: (index) => base + 1 + index,
  };
}

/** Most nodes that fit between the controller's port and sshd's. */
export const MAX_NODES = SSH_OFFSET - 1;

/**
 * Unix sockets below the directory (munged's, and one per running job) must fit into sockaddr_un: 108 bytes
 * (unix(7)). A job's is `<dir>/spool/<node>/<node>_<job>.<step>`, up to about 45 bytes below the directory.
 */
const LONGEST_DIRECTORY = 60;

/** The directory itself, or a short symbolic link to it where its path is too long for Unix sockets. */
export function shortAlias(directory: string): string {
  if (Buffer.byteLength(directory) <= LONGEST_DIRECTORY) return directory;
  const alias = aliasOf(directory);
  if (pointsTo(alias, directory)) return alias;
  rmSync(alias, { force: true });
  symlinkSync(directory, alias);
  return alias;
}

export function removeAlias(directory: string): void {
  const alias = aliasOf(directory);
  if (pointsTo(alias, directory)) rmSync(alias, { force: true });
}

/** Where {@link shortAlias} puts its link. */
export function aliasOf(directory: string): string {
  return join(tmpdir(), `wf-slurm-${hashOf(directory)}`);
}

/** Its jobs are known by it; the same over every life of the directory, or slurmctld refuses its old state. */
export function clusterName(directory: string): string {
  return `wakefield-${hashOf(directory)}`;
}

function hashOf(directory: string): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 12);
}

function pointsTo(alias: string, directory: string): boolean {
  try {
    return lstatSync(alias).isSymbolicLink() && readlinkSync(alias) === directory;
  } catch {
    return false;
  }
}
