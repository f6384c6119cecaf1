import type { Candidate } from './candidates/candidate.ts';
import type { Entrant } from './entrant.ts';
import { type Field, start } from './field.ts';
import { type Figures, summarise } from './figures.ts';
import type { ScenarioReport } from './report.ts';
import type { Bench, Scenario } from './scenarios/scenario.ts';

export interface RoundsOptions {
  readonly rounds: number;
  /** In order of preference: the first that takes part is what others are compared with. */
  readonly baselines: readonly string[];
  readonly field: Field;
  readonly bench: Bench;
  readonly onProgress: (text: string) => void;
}

/** One scenario, everybody in turn, round by round, each round starting with another: a busy moment hits all alike. */
export async function runScenario(
  scenario: Scenario,
  usual: readonly Entrant[],
  options: RoundsOptions,
): Promise<ScenarioReport> {
  const { field, baselines } = options;
  const failures = new Failures(options);
  const own =
    scenario.candidates === undefined ? null : await startAll(scenario.candidates, field, failures);
  const takingPart = (own ?? usual).filter(({ candidate }) => scenario.takes?.(candidate) ?? true);
  const count = Math.min(options.rounds, scenario.mostRounds ?? options.rounds);
  try {
    const rounds = await allRounds(scenario, takingPart, count, options, failures);
    const names = takingPart.map(({ candidate }) => candidate.name);
    const preferred = own === null ? baselines : names;
    const baseline = preferred.find((name) => names.includes(name)) ?? names[0] ?? '';
    const { name, about } = scenario;
    const results = summarise(rounds, baseline);
    return { name, about, rounds: count, baseline, results, failures: failures.all };
  } finally {
    await Promise.all((own ?? []).map(({ running }) => running.stop()));
  }
}

/** Who failed, and why. */
class Failures {
  readonly all: { readonly candidate: string; readonly reason: string }[] = [];
  readonly #options: RoundsOptions;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  has({ name }: Candidate): boolean {
    return this.all.some(({ candidate }) => candidate === name);
  }

  /** Tries something on behalf of a candidate. @returns null when it failed */
  async within<T>({ name }: Candidate, attempt: () => Promise<T>): Promise<T | null> {
    const { bench, onProgress } = this.#options;
    try {
      return await attempt();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      onProgress(`  ${name} failed: ${reason}`);
      this.all.push({ candidate: name, reason });
      // What it left behind in the generators is nobody's after it.
      await bench.tools.reset();
      return null;
    }
  }
}

async function allRounds(
  scenario: Scenario,
  takingPart: readonly Entrant[],
  count: number,
  options: RoundsOptions,
  failures: Failures,
): Promise<readonly Record<string, Figures>[]> {
  const { bench, onProgress } = options;
  for (const entrant of takingPart)
    await failures.within(entrant.candidate, async () => scenario.warmUp?.(entrant, bench));
  const rounds: Record<string, Figures>[] = [];
  for (let round = 1; round <= count; round += 1) {
    onProgress(`${scenario.name}: round ${round} of ${count}`);
    const found: Record<string, Figures> = {};
    for (const entrant of rotated(takingPart, round)) {
      const { candidate } = entrant;
      if (failures.has(candidate)) continue;
      const run = () => runOnce(scenario, entrant, options);
      const figures = await failures.within(candidate, run);
      if (figures !== null) found[candidate.name] = figures;
    }
    rounds.push(inOrder(takingPart, found));
  }
  return rounds;
}

/** In a process of its own where the scenario wants that. */
async function runOnce(
  scenario: Scenario,
  entrant: Entrant,
  { field, bench }: RoundsOptions,
): Promise<Figures> {
  if (scenario.fresh !== true || entrant.candidate.name === 'direct')
    return await scenario.run(entrant, bench);
  const fresh = await start(entrant.candidate, field);
  try {
    return await scenario.run(fresh, bench);
  } finally {
    await fresh.running.stop();
  }
}

async function startAll(
  candidates: readonly Candidate[],
  field: Field,
  failures: Failures,
): Promise<readonly Entrant[]> {
  const started: Entrant[] = [];
  for (const candidate of candidates) {
    const entrant = await failures.within(candidate, () => start(candidate, field));
    if (entrant !== null) started.push(entrant);
  }
  return started;
}

function rotated(entrants: readonly Entrant[], round: number): readonly Entrant[] {
  const turn = round % Math.max(1, entrants.length);
  return [...entrants.slice(turn), ...entrants.slice(0, turn)];
}

function inOrder(
  entrants: readonly Entrant[],
  found: Record<string, Figures>,
): Record<string, Figures> {
  const pairs = entrants.flatMap(({ candidate: { name } }) => {
    const figures = found[name];
    return figures === undefined ? [] : [[name, figures] as const];
  });
  return Object.fromEntries(pairs);
}
