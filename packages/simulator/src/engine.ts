import { type Choice, createChoice, type Delta, type Sampling } from './choice.ts';
import { type Counters, createCounters } from './counters.ts';
import { engineDead } from './engine-error.ts';
import type { SimulatorOptions } from './options.ts';
import { createSlots, type Slots } from './slots.ts';

/** One request to the engine: a prompt and how many answers of what length. */
export interface Generation {
  readonly prompt: string;
  readonly promptTokens: number;
  readonly n: number;
  readonly sampling: Sampling;
}

/** What happened since the last tick of a running generation. */
export interface Tick {
  readonly deltas: readonly Delta[];
  /** So far, over all choices. */
  readonly completionTokens: number;
}

/** The simulated engine core: paces tokens, bounds concurrency, can be cut and can die. */
export interface Engine {
  readonly counters: Counters;
  readonly slots: Slots;
  readonly dead: boolean;
  /** Requests between arrival and last byte. */
  readonly inFlight: number;
  /**
   * Ticks of one generation, paced. Ends with every choice finished; after `cut` these finish with `abort`.
   * @param signal the client went away: the slot is freed and the signal's reason thrown
   * @throws EngineError when the failure mode says so
   */
  generate(generation: Generation, signal: AbortSignal): AsyncGenerator<Tick>;
  /** Ends every running generation at once, with reason `abort`; later ones end at once, too. */
  cut(): void;
  /** New generations end at once with `abort`; running ones go on. */
  refuse(): void;
}

export function createEngine(
  options: SimulatorOptions,
  hooks: { readonly onDeath: () => void },
): Engine {
  const counters = createCounters();
  const slots = createSlots(options.maxConcurrency);
  const cutter = new AbortController();
  let refusing = false;
  let dead = false;
  let inFlight = 0;
  let served = 0;

  const failOnPurpose = () => {
    if (options.fail !== 'serve') return;
    served += 1;
    if (served % 9 === 0) {
      dead = true;
      cutter.abort();
      hooks.onDeath();
    }
    if (served % 3 === 0) {
      counters.finished.error += 1;
      throw engineDead();
    }
  };

  async function* run(generation: Generation, signal: AbortSignal): AsyncGenerator<Tick> {
    const choices = startChoices(generation);
    if (refusing || cutter.signal.aborted) {
      yield cutTick(choices);
      return;
    }
    failOnPurpose();
    const either = AbortSignal.any([signal, cutter.signal]);
    const release = await slots.take(either).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return null;
    });
    try {
      if (release === null) yield cutTick(choices);
      else {
        counters.promptTokens += generation.promptTokens;
        yield* paced(choices, signal, either);
      }
    } finally {
      release?.();
      for (const { finish } of choices) if (finish !== null) counters.finished[finish.reason] += 1;
    }
  }

  async function* paced(
    choices: readonly Choice[],
    signal: AbortSignal,
    either: AbortSignal,
  ): AsyncGenerator<Tick> {
    const interval = 1000 / options.tokensPerSecond;
    const startedAt = performance.now();
    for (let step = 1; choices.some((choice) => choice.finish === null); step++) {
      const dueAt = startedAt + step * interval;
      await pause(dueAt - performance.now(), either);
      signal.throwIfAborted();
      if (dead) throw engineDead();
      if (cutter.signal.aborted) {
        yield cutTick(choices);
        return;
      }
      const deltas = choices
        .filter((choice) => choice.finish === null)
        .map((choice) => choice.step());
      counters.generationTokens += deltas.length;
      yield { deltas, completionTokens: tokensOf(choices) };
    }
  }

  return {
    counters,
    slots,
    get dead() {
      return dead;
    },
    get inFlight() {
      return inFlight;
    },
    async *generate(generation, signal) {
      if (dead) throw engineDead();
      inFlight += 1;
      try {
        yield* run(generation, signal);
      } finally {
        inFlight -= 1;
      }
    },
    cut: () => cutter.abort(),
    refuse: () => {
      refusing = true;
    },
  };
}

function startChoices(generation: Generation): readonly Choice[] {
  return Array.from({ length: generation.n }, (_, index) =>
    createChoice(generation.prompt, index, generation.sampling),
  );
}

function cutTick(choices: readonly Choice[]): Tick {
  const deltas = choices.filter((choice) => choice.finish === null).map((choice) => choice.abort());
  return { deltas, completionTokens: tokensOf(choices) };
}

function tokensOf(choices: readonly Choice[]): number {
  return choices.reduce((sum, choice) => sum + choice.tokens, 0);
}

/** Waits, but no longer than until the signal; less than a millisecond is no wait. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms < 1 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
