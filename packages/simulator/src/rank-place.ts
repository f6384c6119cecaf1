/** Which of the processes of one engine this is, on several nodes. Flags are those of vLLM 0.29 (vllm/engine/arg_utils.py). */
export interface RankPlace {
  readonly nodes: number;
  /** 0 is the head: it serves, the others compute. */
  readonly rank: number;
  /** Where the head waits for the others. */
  readonly headHost: string;
  readonly headPort: number;
  /** How long they wait for each other. */
  readonly waitSeconds: number;
}

/**
 * @param headless without a server, as all ranks but the head are started
 * @throws Error with a sentence for the user
 */
export function checkPlace(place: RankPlace, headless: boolean): RankPlace {
  const { nodes, rank } = place;
  if (rank >= nodes) throw new Error(`--node-rank must be below --nnodes=${nodes}, not ${rank}`);
  if (headless && rank === 0) throw new Error('--headless is not for --node-rank=0, which serves');
  if (!headless && rank > 0) throw new Error(`--node-rank=${rank} needs --headless`);
  return place;
}
