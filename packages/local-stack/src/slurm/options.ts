import type { SlurmNode } from './layout.ts';
import type { SlurmTools } from './tools.ts';

export interface SlurmOptions {
  /** Everything goes below it. It is made when it is not there. */
  readonly directory: string;
  /** What {@link installedTools} or {@link unpackPackages} found; absent: the installed programs. */
  readonly tools?: SlurmTools;
  readonly nodes?: readonly SlurmNode[];
  /** Lines of slurm.conf. */
  readonly partitions?: readonly string[];
  /** Seconds that an ended job stays in squeue, at least; default 300. */
  readonly minJobAge?: number;
  /** Seconds between TERM and KILL; default 2. */
  readonly killWait?: number;
  /** Seconds until a silent node counts as down; default 5. */
  readonly slurmdTimeout?: number;
  /** Further lines of slurm.conf. */
  readonly extra?: readonly string[];
  /** Further environment of ssh logins (sshd_config(5), SetEnv), e.g. for what a centre's profile would set. */
  readonly loginEnvironment?: Readonly<Record<string, string>>;
  /** true: jobs and job ids of an earlier life over the same directory are taken up again. */
  readonly keepState?: boolean;
}

/** Four nodes with GPUs of three kinds, and three partitions. */
export const defaults = {
  nodes: [
    { name: 'cn01', gres: 'gpu:h200:4', features: 'h200,nvlink' },
    { name: 'cn02', gres: 'gpu:h200:4', features: 'h200,nvlink' },
    { name: 'cn03', gres: 'gpu:h200_1g.18gb:4', features: 'h200,mig' },
    { name: 'cn04', gres: 'gpu:a100:2', features: 'a100' },
  ],
  partitions: [
    'PartitionName=DEFAULT Nodes=ALL State=UP DefaultTime=00:10:00',
    'PartitionName=gpu Default=YES PriorityTier=10 MaxTime=1-00:00:00 PreemptMode=OFF',
    'PartitionName=preempt PriorityTier=1 MaxTime=2-00:00:00 PreemptMode=REQUEUE GraceTime=0',
    'PartitionName=debug PriorityTier=20 MaxTime=00:05:00 DefaultTime=00:05:00 MaxNodes=1 PreemptMode=OFF',
  ],
  minJobAge: 300,
  killWait: 2,
  slurmdTimeout: 5,
  extra: [],
  loginEnvironment: {},
};
