import { answerTokens, naturalLength } from './text.ts';

export interface Finish {
  readonly reason: 'stop' | 'length' | 'abort';
  /** The stop string that ended it, as vLLM's extra field says. */
  readonly stopReason: string | null;
}

export interface Delta {
  readonly index: number;
  readonly text: string;
  readonly finish: Finish | null;
}

/** How long an answer gets and what ends it. */
export interface Sampling {
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly stop: readonly string[];
}

/** One of a request's `n` answers, token by token. */
export interface Choice {
  readonly index: number;
  readonly tokens: number;
  /** How it ended; null while it goes on. */
  readonly finish: Finish | null;
  /** The next token; its text may be empty while it could still become a stop string. */
  step(): Delta;
  /** Ends it where it stands. */
  abort(): Delta;
}

export function createChoice(prompt: string, index: number, sampling: Sampling): Choice {
  const source = answerTokens(prompt, index);
  const natural = Math.max(naturalLength(`${index} ${prompt}`), sampling.minTokens);
  const heldBack = Math.max(0, ...sampling.stop.map((stop) => stop.length - 1));
  let pending = '';
  let tokens = 0;
  let ended: Finish | null = null;

  const finish = (text: string, reason: Finish['reason'], stopReason: string | null): Delta => {
    ended = { reason, stopReason };
    return { index, text, finish: ended };
  };

  return {
    index,
    get tokens() {
      return tokens;
    },
    get finish() {
      return ended;
    },
    step() {
      pending += source.next().value ?? '';
      tokens += 1;
      const hit = firstStop(pending, sampling.stop);
      if (hit !== null && tokens >= sampling.minTokens) {
        return finish(pending.slice(0, hit.at), 'stop', hit.stop);
      }
      if (tokens >= sampling.maxTokens) return finish(pending, 'length', null);
      if (tokens >= natural && !sampling.ignoreEos) return finish(pending, 'stop', null);
      const text = heldBack === 0 ? pending : pending.slice(0, -heldBack);
      pending = pending.slice(text.length);
      return { index, text, finish: null };
    },
    abort: () => finish('', 'abort', null),
  };
}

function firstStop(text: string, stops: readonly string[]): { at: number; stop: string } | null {
  const hits = stops
    .map((stop) => ({ at: text.indexOf(stop), stop }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  return hits[0] ?? null;
}
