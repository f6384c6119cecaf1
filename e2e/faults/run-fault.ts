import { eventually, pause } from '../wakefield.ts';
import { type Books, settledBooks } from './books.ts';
import { type Convergence, watchConvergence } from './convergence.ts';
import type { RequestRecord } from './load.ts';
import type { Plug } from './plugs.ts';
import type { Site } from './site.ts';
import { type Goal, idleSeconds, modelOf, type SituationName, situations } from './situations.ts';
import { type FaultKind, strike } from './strike.ts';

/** What one fault did to one of the six models. */
export interface Cell {
  readonly situation: SituationName;
  readonly convergence: Convergence;
  readonly requests: readonly RequestRecord[];
}

/** Moments of a fault, epoch milliseconds. */
export interface Moments {
  /** The first of what it interrupts began. */
  readonly begunAt: number;
  readonly struckAt: number;
  /** Whoever died is up again, or whoever stood still goes on. */
  readonly overAt: number;
}

export interface FaultReport {
  readonly plug: Plug;
  readonly kind: FaultKind;
  readonly moments: Moments;
  readonly cells: readonly Cell[];
  readonly books: Books;
}

const inPlaceWithinMs = 120_000;
/** Strikes come at these moments after the beginnings, one after the other, so that they meet different things. */
const offsetsMs = [100, 700, 300, 1_400, 1_000];
let strikes = 0;

/** Brings all six models into their situations, strikes, and watches until nothing is left to be done. */
export async function runFault(
  site: Site,
  plug: Plug,
  kind: FaultKind,
  say: (line: string) => void,
): Promise<FaultReport> {
  await bringInPlace(site);
  const begunAt = Date.now();
  const goals = await beginAll(site);
  await pause(offsetsMs[strikes++ % offsetsMs.length] ?? 0);
  const { struckAt, overAt } = await strike(site, plug, kind);
  say(`${plug.name} ${kind}: struck, over after ${seconds(overAt - struckAt)}`);
  const convergences = await watchConvergence(site, goals, overAt);
  const reached = [...convergences.values()].map(({ totalMs }) => totalMs ?? Number.NaN);
  say(`${plug.name} ${kind}: converged after ${seconds(Math.max(...reached))}`);
  const books = await settledBooks(site);
  await requestsBefore(site, overAt);
  const cells = situations.map(({ name, model }) => ({
    situation: name,
    convergence: convergences.get(name) ?? { what: '', totalMs: null, notOursMs: 0, last: '' },
    requests: site.load.since(model, begunAt),
  }));
  site.load.forget(Date.now() - 1_000);
  return { plug, kind, moments: { begunAt, struckAt, overAt }, cells, books };
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

async function bringInPlace(site: Site): Promise<void> {
  let missing = '';
  await eventually(
    'every model in its place',
    async () => {
      const models = await site.models();
      const open = situations.filter(({ model, isInPlace }) => {
        const row = models.get(model);
        return row === undefined || !isInPlace(row);
      });
      missing = open.map(({ model }) => JSON.stringify(models.get(model))).join('\n');
      for (const { model, bring } of open) {
        const row = models.get(model);
        if (row !== undefined) await bring(site, row);
      }
      if (open.length > 0) await pause(300);
      return open.length === 0;
    },
    inPlaceWithinMs,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${missing}`);
  });
}

/** Puts every model to sleep and waits until nothing runs for any of them. Nobody may ask meanwhile. */
export async function allAsleep(site: Site): Promise<void> {
  for (const { model } of situations)
    await site.change('POST', '/p/demo/models/sleep', { hf_model_id: model });
  await eventually(
    'every model to be asleep',
    async () =>
      [...(await site.models()).values()].every(({ idle, jobs }) => idle && jobs.length === 0),
    90_000,
  );
}

/** The one that goes idle is asked a last time so long before that its time is over about when the others begin. */
async function beginAll(site: Site): Promise<ReadonlyMap<SituationName, Goal>> {
  const last = await site.load.ask(modelOf('going idle'), false);
  if (!last.whole) throw new Error(`the last request before going idle: ${JSON.stringify(last)}`);
  await pause(Math.max(0, last.endedAt + idleSeconds * 1_000 - 1_500 - Date.now()));
  const models = await site.models();
  const order = situations.toSorted((a, b) => rank(a.name) - rank(b.name));
  const goals = new Map<SituationName, Goal>();
  for (const { name, model, begin } of order) {
    const row = models.get(model);
    if (row === undefined) throw new Error(`no model ${model}`);
    goals.set(name, await begin(site, row));
  }
  return goals;
}

/** Those that change come first; who only waits for a request comes before those that do nothing. */
function rank(name: SituationName): number {
  const place = ['handover', 'scaling', 'wake'].indexOf(name);
  return place === -1 ? 9 : place;
}

/** Who asked before the fault was over has his answer, or never gets one. */
async function requestsBefore(site: Site, overAt: number): Promise<void> {
  await eventually(
    'every request of that time to end',
    async () => (site.load.oldestUnderWay() ?? Number.POSITIVE_INFINITY) > overAt,
    100_000,
  );
}
