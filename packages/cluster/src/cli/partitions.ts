/** What sinfo(1) says of one partition, over all of its nodes. */
export interface Partition {
  readonly name: string;
  /** Where jobs go that name none. */
  readonly isDefault: boolean;
  readonly up: boolean;
  /** As SLURM writes it, e.g. `2-00:00:00` or `infinite`. */
  readonly timeLimit: string;
  /** GPUs of its kinds of node, e.g. `gpu:h200:4`. */
  readonly gpus: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
}

/** Reads `sinfo -h -a -o '%P|%a|%l|%G|%f'`, a line for each kind of node; null when it is something else. */
export function parsePartitions(text: string): readonly Partition[] | null {
  const found = new Map<string, Partition>();
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [word = '', state = '', timeLimit = '', gres, features] = line.split('|');
    if (gres === undefined || features === undefined) return null;
    const name = word.replace(/\*$/, '');
    const before = found.get(name);
    found.set(name, {
      name,
      isDefault: word.endsWith('*'),
      up: state === 'up',
      timeLimit,
      gpus: new Set([...(before?.gpus ?? []), ...gpusOf(gres)]),
      features: new Set([...(before?.features ?? []), ...features.split(',')]),
    });
  }
  return found.size === 0 ? null : [...found.values()];
}

/** `gpu:h200:4(S:0-1),shard:8` has `gpu:h200:4`; the bracket says where they sit in a node. */
function gpusOf(gres: string): readonly string[] {
  return gres
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .filter((one) => /^gpu(:|$)/.test(one));
}

/** The type in `gpu:h200:4`; null where GPUs have none (`gpu:4`). */
export function gpuType(gpu: string): string | null {
  const [, type, count] = gpu.split(':');
  return count === undefined ? null : (type ?? null);
}
