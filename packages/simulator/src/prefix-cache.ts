/** Tokens of a block: those of a prompt that is known are at hand but for the last, begun block, as in vLLM. */
const blockTokens = 16;
/** Prompts that are remembered. */
const most = 1000;

/** Which prompts were seen before. A real engine knows beginnings of prompts; this one knows whole ones. */
export interface PrefixCache {
  /** @returns how many tokens of it are at hand; from now on it is known */
  take(prompt: string, promptTokens: number): number;
}

export function createPrefixCache(): PrefixCache {
  const known = new Set<string>();
  return {
    take: (prompt, promptTokens) => {
      if (known.has(prompt)) return Math.floor((promptTokens - 1) / blockTokens) * blockTokens;
      if (known.size >= most) known.clear();
      known.add(prompt);
      return 0;
    },
  };
}
