import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { gpuType, type Partition, parsePartitions } from './partitions.ts';
import { projectRemedy } from './remedies.ts';
import { bad, doubtful, type Finding, good } from './terminal.ts';

type Request = Pick<SlurmSshConfig, 'defaults' | 'gpus'>;

/**
 * Whether there are the partition, the type of GPU and the feature that jobs ask for when no project changes them.
 * It needs no project, and says less than a job that is asked for: who may use them is not in it.
 * @param sinfo its answer, as partitions.ts reads it
 */
export function* checkPartitions(config: Request, sinfo: string): Generator<Finding> {
  const partitions = parsePartitions(sinfo);
  if (partitions === null) {
    const said = sinfo.trim().split('\n')[0] || 'sinfo says nothing';
    yield doubtful('partition', said, 'run `sinfo` on the login node; is SLURM up there?');
    return;
  }
  const asked = config.defaults.partition?.split(',') ?? [null];
  for (const name of asked) yield* checkOne(config, name, partitions);
}

function* checkOne(
  config: Request,
  name: string | null,
  partitions: readonly Partition[],
): Generator<Finding> {
  const what = name === null ? 'partition' : `partition ${name}`;
  const partition = partitions.find((one) => (name === null ? one.isDefault : one.name === name));
  if (partition === undefined) {
    const names = partitions.map((one) => one.name).join(', ');
    const missing = name === null ? 'the cluster has no default one' : 'there is no such partition';
    yield bad(what, `${missing}; there are ${names}`, projectRemedy('partition'));
    return;
  }
  const gpus = [...partition.gpus].join(', ') || 'no GPUs';
  const default_ = name === null ? `${partition.name} by default, ` : '';
  yield partition.up
    ? good(what, `${default_}up, at most ${partition.timeLimit} a job, ${gpus}`)
    : doubtful(
        what,
        `${default_}takes no jobs now`,
        'the centre has it down or drained; wait or ask',
      );
  yield* checkGpus(config.gpus, partition);
  yield* checkFeature(config.defaults.constraint ?? null, partition);
}

function* checkGpus({ style, type }: Request['gpus'], partition: Partition): Generator<Finding> {
  if (style === 'none') return;
  const there = [...partition.gpus];
  const fitting = there.filter((gpu) => type === null || gpuType(gpu) === type);
  if (fitting.length > 0) {
    if (type !== null) yield good('gpus.type', `${partition.name} has ${fitting.join(', ')}`);
    return;
  }
  const has = `${partition.name} has ${there.join(', ') || 'no GPUs'}`;
  yield bad('gpus.type', type === null ? has : `there is no ${type}: ${has}`, gpuRemedy(there));
}

function gpuRemedy(there: readonly string[]): string {
  if (there.length === 0)
    return 'another partition, or gpus.style none where it is right that there are none';
  const types = there.map(gpuType).filter((type) => type !== null);
  return types.length === 0
    ? 'gpus.type: null, because the GPUs there have no types'
    : `gpus.type: one of ${types.join(', ')}, or null for any`;
}

/** A single word is a feature; what is more is an expression that SLURM alone understands. */
function* checkFeature(constraint: string | null, partition: Partition): Generator<Finding> {
  if (constraint === null || !/^[\w.-]+$/.test(constraint)) return;
  if (partition.features.has(constraint)) return;
  const there = [...partition.features].filter((one) => !/^(\(null\)|)$/.test(one));
  yield bad(
    'constraint',
    `no node of ${partition.name} has the feature ${constraint}; there are ${there.join(', ') || 'none'}`,
    projectRemedy('feature'),
  );
}
