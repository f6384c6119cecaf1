import type { RequestRecord } from '../requests/ask.ts';
import { eventually, pause } from '../wakefield.ts';
import type { FaultKind, Strike } from './blame.ts';
import { settledBooks } from './books.ts';
import { type Convergence, watchConvergence } from './convergence.ts';
import { type Footprint, leftBehind } from './footprint.ts';
import {
  cutNothing,
  judgeBooks,
  judgeConvergence,
  judgeRequests,
  promisedMs,
  type RequestVerdict,
  struckNothing,
} from './judge.ts';
import { allAsleep, beginAll, bringInPlace, remembered } from './places.ts';
import type { Plug } from './plugs.ts';
import { servedBy } from './served-by.ts';
import { type ModelRow, managedModel, type Site } from './site.ts';
import { type Goal, type SituationName, situations } from './situations.ts';
import { presentModels, strike } from './strike.ts';
import { phasesOf } from './under-way.ts';

/** What one fault did to one of the six models. */
export interface Cell extends RequestVerdict {
  readonly situation: SituationName;
  readonly convergence: Convergence;
  /** Phases of its jobs right before the strike. */
  readonly phases: string;
}

export interface FaultReport {
  /** `api SIGKILL` */
  readonly title: string;
  readonly strike: Strike;
  readonly cells: readonly Cell[];
  readonly management: RequestVerdict;
  /** From the end of the fault until books agreed and nothing was drained; null: they did not. */
  readonly restMs: number | null;
  readonly slowestMs: number;
  /** What is no model's: before the fault, in the books, left behind. */
  readonly problems: readonly string[];
}

/** Faults in a row on one site; every request is judged once, by the fault after which it ended. */
export interface Trial {
  run(plug: Plug, kind: FaultKind): Promise<FaultReport>;
  /** After the last fault: what failed since, and who has given up. */
  end(): Promise<readonly string[]>;
}

/** Strikes come at these moments after the beginnings, one after the other, so that they meet different things. */
const offsetsMs = [100, 700, 300, 1_000, 500];
const nothingLeftWithinMs = 10_000;

/** What all faults of a trial share. */
interface Ground {
  readonly site: Site;
  readonly before: Footprint;
  readonly say: (line: string) => void;
  /** Times as much as is promised is waited for. */
  readonly patience: number;
  /** Those that were struck so far. */
  readonly strikes: Strike[];
}

/**
 * @param before what the site took up when it had nothing to do
 * @param patience times as much as is promised is waited for
 */
export function createTrial(
  site: Site,
  before: Footprint,
  say: (line: string) => void,
  patience: number,
): Trial {
  const ground: Ground = { site, before, say, patience, strikes: [] };
  return {
    run: (plug, kind) => runFault(ground, plug, kind),
    end: () => endTrial(ground),
  };
}

/** Brings all six models into their situations, strikes, watches until nothing is left to be done, and judges. */
async function runFault(ground: Ground, plug: Plug, kind: FaultKind): Promise<FaultReport> {
  const { site, before, say, patience, strikes } = ground;
  const title = `${plug.title} ${plug.ways[kind]?.label}`;
  const givenUp = await bringInPlace(site);
  const begun = await beginAll(site);
  await pause(offsetsMs[strikes.length % offsetsMs.length] ?? 0);
  let underWay: ReadonlyMap<string, number> = new Map();
  const struck = await strike(site, plug, kind, () => {
    underWay = requestsUnderWay(site);
    return situations.every(
      ({ name, model }) => !begun.get(name)?.needsRequests || underWay.get(model) !== 0,
    );
  });
  const { struckAt, overAt } = struck.strike;
  strikes.push(struck.strike);
  say(`${title}: struck, over after ${seconds(overAt - struckAt)}`);
  const goals = controllerDeaths([struck.strike]).length > 0 ? await remembered(begun) : begun;
  const convergences = await watchConvergence(site, goals, overAt);
  const reached = [...convergences.values()].map(({ totalMs }) => totalMs ?? Number.NaN);
  say(`${title}: converged after ${seconds(Math.max(...reached))}`);
  const settled = await settledBooks(site, controllerDeaths(strikes), () => isAtRest(site));
  await struck.whole;
  await requestsBefore(site, overAt);
  const left = await leftBehind(site, before, 'at once', nothingLeftWithinMs);
  const atEnd = await presentModels(site);
  const records = site.load.take();
  const verdictOf = await judging(ground, records, struckAt);
  const cells = situations.map(({ name, model }): Cell => {
    const goal = goals.get(name) as Goal;
    const row = struck.models.get(model) ?? null;
    const met = underWay.get(model) ?? 0;
    const convergence = convergences.get(name) as Convergence;
    const verdict = verdictOf(model);
    const problems = [
      ...[
        struckNothing(begun.get(name) as Goal, row, met),
        name === 'serving streams' ? cutNothing(struck.strike, met, verdict.cut) : null,
      ].filter((words) => words !== null),
      ...judgeConvergence(
        convergence,
        isLost(goal, atEnd.get(model)),
        patience * promisedMs(struck.strike, name),
      ),
      ...verdict.problems,
    ];
    return { ...verdict, problems, situation: name, convergence, phases: phasesOf(row) };
  });
  return {
    title,
    strike: struck.strike,
    cells,
    management: verdictOf(managedModel),
    restMs: settled.at === null ? null : settled.at - overAt,
    slowestMs: Math.max(0, ...records.map(({ dueAt, endedAt }) => endedAt - dueAt)),
    problems: [
      ...givenUp.map((words) => `before it: ${words}`),
      ...judgeBooks(
        settled,
        overAt,
        [...convergences.values()],
        patience * promisedMs(struck.strike, null),
      ),
      ...left.map((words) => `left: ${words}`),
    ],
  };
}

async function endTrial(ground: Ground): Promise<readonly string[]> {
  const { site, strikes } = ground;
  await site.load.stop();
  const verdictOf = await judging(ground, site.load.take(), strikes.at(-1)?.struckAt ?? 0);
  const models = [...(await presentModels(site)).values()];
  await allAsleep(site);
  return [
    ...verdictOf(null).problems,
    ...models
      .filter(({ state }) => state === 'failed')
      .map(({ model, reason }) => `${model} has given up: ${reason}`),
  ];
}

/** @returns the verdict on the requests to a model, or to all */
async function judging(
  { site, strikes }: Ground,
  records: readonly RequestRecord[],
  sinceAt: number,
): Promise<(model: string | null) => RequestVerdict> {
  const failed = records.filter(({ whole }) => !whole).map(({ id }) => id);
  const served = await servedBy(site.wakefield, failed);
  return (model) => {
    const its = records.filter((record) => model === null || record.model === model);
    return judgeRequests(its, strikes, served, sinceAt);
  };
}

/** By model. A fault waits for a moment at which somebody is being served wherever it is to meet somebody. */
function requestsUnderWay(site: Site): ReadonlyMap<string, number> {
  return new Map(situations.map(({ model }) => [model, site.load.underWay(model)]));
}

/** When SLURM's controller was killed. */
export function controllerDeaths(strikes: readonly Strike[]): readonly number[] {
  return strikes
    .filter(({ plug, kind }) => plug === 'slurmctld' && kind === 'kill')
    .map(({ struckAt }) => struckAt);
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

function isLost(goal: Goal, row: ModelRow | undefined): boolean {
  return row === undefined || row.state === 'failed' || !goal.isReached(row);
}

async function isAtRest(site: Site): Promise<boolean> {
  const jobs = [...(await site.models()).values()].flatMap((model) => model.jobs);
  return jobs.every(({ phase }) => phase === 'ready');
}

/** Who asked before the fault was over has his answer, or never gets one. */
async function requestsBefore(site: Site, overAt: number): Promise<void> {
  await eventually(
    'every request of that time to end',
    async () => (site.load.oldestUnderWay() ?? Number.POSITIVE_INFINITY) > overAt,
    100_000,
  );
}
