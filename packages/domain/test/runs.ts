/** How often a property is tried. */
export interface Runs {
  readonly numRuns: number;
  readonly seed?: number;
}

/**
 * The same samples each time, so that a change is to blame when a property fails. Other ones, each time, with
 * WAKEFIELD_TEST_RANDOM=1: that is for the night.
 */
export function runs(numRuns: number): Runs {
  return process.env.WAKEFIELD_TEST_RANDOM === '1' ? { numRuns } : { numRuns, seed: 20_261_121 };
}
