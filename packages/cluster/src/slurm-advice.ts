/** What SLURM says of a job that it will never take, and what its owner can ask for instead; the first counts. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /requested time limit is invalid|Max\w*Wall/i,
    'the partition or QOS takes no job this long: ask for less walltime',
  ],
  [
    /requested node configuration is not available/i,
    'no node has as many GPUs, CPUs or as much memory: ask for less on each node',
  ],
  [
    /node count specification invalid|Max\w*Node/i,
    'the partition takes no job of this many nodes: ask for fewer',
  ],
  [/more processors requested|Max\w*Cpu/i, 'ask for fewer CPUs'],
  [/memory (specification|required)|Max\w*Mem/i, 'ask for less memory'],
  [/\b(Assoc|QOS)(Max|Grp)\w*(GRES|TRES)/, 'a limit of the account or QOS: ask for fewer GPUs'],
  [
    /invalid account/i,
    'the account of this project may not submit here: its name and its rights at the centre',
  ],
  [
    /invalid (partition|qos|feature|generic resource|reservation|license)/i,
    'what is wrong stands in clusters.yaml',
  ],
];

/** What SLURM said, and what can be done about it where that is known. */
export function withAdvice(words: string): string {
  const known = advice.find(([pattern]) => pattern.test(words))?.[1];
  return known === undefined ? words : `${words}; ${known}`;
}
