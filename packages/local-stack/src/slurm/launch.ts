import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { SlurmNode, SlurmPorts } from './layout.ts';
import type { SlurmTools } from './tools.ts';

export type SlurmDaemonName = 'munged' | 'slurmctld' | 'sshd' | `slurmd-${string}`;

/** What the command lines depend on. */
export interface LaunchParts {
  readonly directory: string;
  readonly tools: SlurmTools;
  readonly ports: SlurmPorts;
  readonly nodes: readonly SlurmNode[];
}

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: () => boolean | Promise<boolean>;
}

/** How a daemon is started, and how to know that it accepts. */
export function launch(
  name: SlurmDaemonName,
  { directory, tools, ports, nodes }: LaunchParts,
  forgetState: boolean,
): Launch {
  const conf = join(directory, 'etc/slurm.conf');
  if (name === 'munged') return launchMunged(directory, tools);
  if (name === 'slurmctld')
    return {
      command: tools.slurmctld,
      args: ['-D', ...(forgetState ? ['-c'] : []), '-f', conf],
      ready: () => accepts(ports.controller),
    };
  if (name === 'sshd') return launchSshd(directory, tools, ports.ssh);
  const index = nodes.findIndex((node) => name === `slurmd-${node.name}`);
  const stepd = tools.unpacked === null ? [] : ['-d', tools.unpacked.slurmstepd];
  return {
    command: tools.slurmd,
    args: ['-D', '-N', nodes[index]?.name ?? '', '-f', conf, ...stepd],
    ready: () => accepts(ports.node(index)),
  };
}

function launchMunged(directory: string, tools: SlurmTools): Launch {
  const folder = join(directory, 'munge');
  const socket = join(folder, 'sock');
  // One that a killed munged left behind would look like a running one.
  rmSync(socket, { force: true });
  return {
    command: tools.munged,
    args: [
      '--foreground',
      // Folders above ours may belong to a group that may write; on one's own machine that is no danger.
      '--force',
      `--key-file=${folder}/key`,
      `--socket=${socket}`,
      `--pid-file=${folder}/munged.pid`,
      `--log-file=${folder}/munged.log`,
      `--seed-file=${folder}/seed`,
      '--num-threads=4',
    ],
    ready: () => existsSync(socket),
  };
}

function launchSshd(directory: string, tools: SlurmTools, port: number): Launch {
  // Root's sshd wants its empty privilege separation folder (sshd(8)).
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const folder = join(directory, 'ssh');
  rmSync(join(folder, 'sshd.pid'), { force: true });
  return {
    command: tools.sshd,
    args: ['-D', '-f', `${folder}/sshd_config`, '-E', join(directory, 'log/sshd.log')],
    ready: () => accepts(port),
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
