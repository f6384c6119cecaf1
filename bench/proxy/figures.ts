/** Figures of one proxy in one round, by name. */
export type Figures = Readonly<Record<string, number>>;

/** One figure over all rounds. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
  };
}

/** All rounds of one scenario: each carries the figures of every proxy. */
export type Rounds = readonly Readonly<Record<string, Figures>>[];

/** One figure of one proxy: what it was, and how it stands to others in the same round. */
export interface Summary {
  readonly proxy: string;
  readonly figure: string;
  readonly value: Spread;
  /** Times the figure of the baseline, round by round. Absent where the baseline has none. */
  readonly ratio?: Spread;
  /** Times to the first byte: what is on top of asking the engine directly, round by round. */
  readonly added?: Spread;
}

/**
 * Ratios and differences are taken within a round and only then put in order: what slowed the machine down in one
 * round slowed everybody.
 */
export function summarise(rounds: Rounds, baseline: string, direct: string): readonly Summary[] {
  const [first = {}] = rounds;
  return Object.entries(first).flatMap(([proxy, figures]) =>
    Object.keys(figures).map((figure): Summary => {
      const of = (name: string) => rounds.map((round) => round[name]?.[figure] ?? Number.NaN);
      const own = of(proxy);
      const ratio = spreadOf(
        own.map((value, index) => value / (of(baseline)[index] ?? Number.NaN)),
      );
      const added = spreadOf(own.map((value, index) => value - (of(direct)[index] ?? Number.NaN)));
      return {
        proxy,
        figure,
        value: spreadOf(own),
        ...(Number.isNaN(ratio.median) ? {} : { ratio }),
        ...(figure.startsWith('first byte') && proxy !== direct ? { added } : {}),
      };
    }),
  );
}
