/** Figures of one candidate in one round, by name. */
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

/** All rounds of one scenario: each carries the figures of every candidate. */
export type Rounds = readonly Readonly<Record<string, Figures>>[];

/** One figure of one candidate: what it was, and how it stands to the baseline in the same round. */
export interface Summary {
  readonly candidate: string;
  readonly figure: string;
  readonly value: Spread;
  /** Times the figure of the baseline, round by round. Absent of times, and where the baseline has none. */
  readonly ratio?: Spread;
  /** Times to the first byte: what is on top of the baseline's, round by round. */
  readonly added?: Spread;
}

/** Of what takes a share of something a multiple says little. */
const withoutRatio = /^load busy|many over few|^late|moved by/;
const isTime = /^first byte/;

/**
 * Ratios and differences are taken within a round and only then put in order: what slowed the machine down in one
 * round slowed everybody.
 */
export function summarise(rounds: Rounds, baseline: string): readonly Summary[] {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  return names.flatMap((candidate) => {
    // Who failed is in no round after.
    const own = rounds.flatMap(({ [candidate]: figures, [baseline]: base }) =>
      figures === undefined ? [] : [{ figures, base: names.length === 1 ? undefined : base }],
    );
    return Object.keys(own[0]?.figures ?? {}).map((figure): Summary => {
      const value = spreadOf(own.map(({ figures }) => figures[figure] ?? Number.NaN));
      const pairs = own.flatMap(({ figures, base }): Pair[] => {
        const [one, other] = [figures[figure], base?.[figure]];
        return one === undefined || other === undefined ? [] : [[one, other]];
      });
      return { candidate, figure, value, ...compared(figure, pairs) };
    });
  });
}

type Pair = readonly [own: number, base: number];

function compared(figure: string, pairs: readonly Pair[]): Pick<Summary, 'ratio' | 'added'> {
  if (pairs.length === 0 || withoutRatio.test(figure)) return {};
  if (isTime.test(figure)) return { added: spreadOf(pairs.map(([own, base]) => own - base)) };
  // Of memory there may be nothing to compare with.
  if (pairs.some(([, base]) => base <= 0)) return {};
  return { ratio: spreadOf(pairs.map(([own, base]) => own / base)) };
}
