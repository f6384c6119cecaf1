import type { DurationMs, ModelId, TimeNeeded } from '@wakefield/domain';

/** What a request says of how long it may run. */
export interface Asked {
  readonly streamed: boolean;
  /** The most tokens of its answer; null: not said. */
  readonly maxTokens: number | null;
}

/** How long an engine works on the requests of a model: learned here, for where the next ones go. */
export interface RunLengths {
  /**
   * A request was answered, to the end: it was at its engine for so long.
   * @param tokens that came of it, as far as known; fewer only make it look slower
   */
  ended(modelId: ModelId, asked: Asked, lengthMs: DurationMs, tokens: number): void;
  /** A request was broken off after so long, and would have run for longer. */
  brokenOff(modelId: ModelId, asked: Asked, lengthMs: DurationMs): void;
  /**
   * For how long such a request may need its engine. One that limits its tokens needs no more time than these took
   * at the most. Of others a stream is preferably given as long as the longest that is remembered: a broken one
   * cannot be asked again.
   */
  needed(modelId: ModelId, asked: Asked): TimeNeeded;
  /** Forgets models that are no longer routed to. */
  prune(known: (modelId: ModelId) => boolean): void;
}

const shortestMs = 100;
/** Buckets for each doubling: a length is known to a quarter, rounded up. */
const perDoubling = 3;
/** The last bucket is that of a day. */
const buckets = 60;
/** What is known at first, as of one request: it stands until about a hundred that were shorter. */
const supposed = bucketOf(60_000);
/** What streams of a model are preferably given until a hundred have ended. */
const supposedStreamMs = 3_600_000;
const enough = 100;
/** Share of the requests that may run for longer than `hardlyMs`. */
const beyond = 0.01;
/** The same for `rarelyMs`: one of the last thousand and a half is more than that. */
const farBeyond = 0.0001;
/** A request weighs this much less with each that ends after it: hundreds are remembered, not yesterday's load. */
const fading = 1 - 1 / 512;
/** When the newest weighs so much, all are divided by that; what then weighs less than a millionth is forgotten. */
const heaviest = 1e12;
const nothing = 1e-6;
/** Shorter answers tell of prompts and of waiting, not of the pace of tokens. */
const tellingTokens = 32;
/** For the prompt, and for waiting: whatever the answer is limited to. */
const beforeTokensMs = 10_000;

/** What is known of one model. */
class Lengths {
  readonly streams = new Histogram();
  readonly plain = new Histogram();
  /** How long a thousand tokens take. */
  readonly pace = new Histogram();

  of({ streamed }: Asked): Histogram {
    return streamed ? this.streams : this.plain;
  }
}

/** Memory only; one and a half kilobytes for a model. */
export function createRunLengths(): RunLengths {
  const unknown = new Lengths();
  const models = new Map<ModelId, Lengths>();
  const learn = (modelId: ModelId): Lengths => {
    const known = models.get(modelId) ?? new Lengths();
    models.set(modelId, known);
    return known;
  };
  return {
    ended: (modelId, asked, lengthMs, tokens) => {
      const known = learn(modelId);
      known.of(asked).add(bucketOf(lengthMs));
      if (tokens >= tellingTokens) known.pace.add(bucketOf((lengthMs * 1000) / tokens));
    },
    brokenOff: (modelId, asked, lengthMs) => {
      const { hardlyMs } = (models.get(modelId) ?? unknown).of(asked);
      if (lengthMs > hardlyMs) learn(modelId).of(asked).add(bucketOf(lengthMs));
    },
    needed: (modelId, asked) => {
      const known = models.get(modelId) ?? unknown;
      const { count, hardlyMs, rarelyMs } = known.of(asked);
      if (asked.maxTokens !== null) {
        const tokensMs = (asked.maxTokens * known.pace.hardlyMs) / 1000;
        const boundMs = Math.max(tokensMs, beforeTokensMs);
        return { atLeastMs: Math.min(hardlyMs, boundMs), preferablyMs: boundMs };
      }
      if (!asked.streamed) return { atLeastMs: hardlyMs, preferablyMs: hardlyMs };
      const preferablyMs = count < enough ? Math.max(rarelyMs, supposedStreamMs) : rarelyMs;
      return { atLeastMs: hardlyMs, preferablyMs };
    },
    prune: (known) => {
      for (const modelId of models.keys()) if (!known(modelId)) models.delete(modelId);
    },
  };
}

/** Instead of all that is there weighing less with each request, the next one weighs more. */
class Histogram {
  /** So many have been added. */
  count = 0;
  /** Hardly any runs for longer. */
  hardlyMs: DurationMs = lengthOf(supposed);
  /** None that is remembered ran for longer. */
  rarelyMs: DurationMs = lengthOf(supposed);
  readonly #weights = new Float64Array(buckets);
  #all = 1;
  #next = 1 / fading;

  constructor() {
    this.#weights[supposed] = 1;
  }

  add(bucket: number): void {
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + this.#next;
    this.#all += this.#next;
    this.#next /= fading;
    if (this.#next > heaviest) this.#rescale();
    this.count += 1;
    this.hardlyMs = lengthOf(this.#highest(beyond));
    this.rarelyMs = lengthOf(this.#highest(farBeyond));
  }

  #rescale(): void {
    this.#all = 0;
    for (let index = 0; index < buckets; index += 1) {
      const weight = (this.#weights[index] ?? 0) / this.#next;
      this.#weights[index] = weight < nothing ? 0 : weight;
      this.#all += this.#weights[index] ?? 0;
    }
    this.#next = 1;
  }

  /** The lowest bucket above which no more than the allowed share lies. */
  #highest(share: number): number {
    const allowed = this.#all * share;
    let above = 0;
    for (let index = buckets - 1; index > 0; index -= 1) {
      above += this.#weights[index] ?? 0;
      if (above > allowed) return index;
    }
    return 0;
  }
}

function bucketOf(lengthMs: DurationMs): number {
  const doublings = Math.log2(Math.max(lengthMs, shortestMs) / shortestMs);
  return Math.min(buckets - 1, Math.ceil(doublings * perDoubling));
}

/** The longest of a bucket. */
function lengthOf(bucket: number): DurationMs {
  return shortestMs * 2 ** (bucket / perDoubling);
}
