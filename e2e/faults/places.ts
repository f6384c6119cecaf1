import { eventually, pause } from '../wakefield.ts';
import type { Site } from './site.ts';
import { type Goal, idleSeconds, modelOf, type SituationName, situations } from './situations.ts';

const inPlaceWithinMs = 120_000;

/**
 * Brings every model to where its situation begins.
 * @returns words for each that had given up and was woken: that is somebody's fault
 */
export async function bringInPlace(site: Site): Promise<readonly string[]> {
  const givenUp = new Set<string>();
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
      for (const { model, state, reason } of models.values())
        if (state === 'failed') givenUp.add(`${model} had given up: ${reason}`);
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
  return [...givenUp];
}

/** The one that goes idle is asked a last time so long before that its time is over about when the others begin. */
export async function beginAll(site: Site): Promise<ReadonlyMap<SituationName, Goal>> {
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

/** What is left to be reached after a death of SLURM's controller. */
export async function remembered(
  goals: ReadonlyMap<SituationName, Goal>,
): Promise<ReadonlyMap<SituationName, Goal>> {
  const left = new Map<SituationName, Goal>();
  for (const [name, goal] of goals) left.set(name, (await goal.remembered?.()) ?? goal);
  return left;
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

/** Those that change come first; who only waits for a request comes before those that do nothing. */
function rank(name: SituationName): number {
  const place = ['handover', 'scaling', 'wake'].indexOf(name);
  return place === -1 ? 9 : place;
}
