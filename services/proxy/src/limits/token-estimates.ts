import type { ModelId } from '@wakefield/domain';
import { guessPrompt } from '../inference/count-tokens.ts';

/** How many tokens a request will take, before anybody has counted them. */
export interface TokenEstimates {
  /**
   * @param modelId null: one of which nothing is learned
   * @param most tokens of the answer that it asks for by number; null: it names none
   * @param answers whether text comes of it
   */
  of(modelId: ModelId | null, bodyBytes: number, most: number | null, answers: boolean): number;
  /** An answer of a request that named no number was so long. */
  ended(modelId: ModelId, tokens: number): void;
  /** Forgets models that are no longer routed to. */
  prune(known: (modelId: ModelId) => boolean): void;
}

/** What is supposed of a model of which no answer has ended yet. */
const supposed = 512;
/** What an answer weighs in the mean. */
const believed = 1 / 16;

export function createTokenEstimates(): TokenEstimates {
  const means = new Map<ModelId, number>();
  return {
    of: (modelId, bodyBytes, most, answers) => {
      const prompt = guessPrompt(bodyBytes);
      if (!answers) return prompt;
      const mean = modelId === null ? supposed : (means.get(modelId) ?? supposed);
      return prompt + (most ?? Math.ceil(mean));
    },
    ended: (modelId, tokens) => {
      const before = means.get(modelId) ?? supposed;
      means.set(modelId, before + (tokens - before) * believed);
    },
    prune: (known) => {
      for (const modelId of means.keys()) if (!known(modelId)) means.delete(modelId);
    },
  };
}
