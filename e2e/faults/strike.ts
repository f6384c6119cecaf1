import { eventually, pause } from '../wakefield.ts';
import type { FaultKind, Strike } from './blame.ts';
import type { Plug, PlugSite } from './plugs.ts';
import type { ModelRow } from './site.ts';
import type { Aim } from './ways.ts';

export interface Struck {
  readonly strike: Strike;
  /** How the models stood right before. */
  readonly models: ReadonlyMap<string, ModelRow>;
  /** Resolves when all is there again that was there before. */
  readonly whole: Promise<void>;
}

/** How long a strike waits for its moment. */
const timelyWithinMs = 1_000;

/**
 * Pulls a plug. Resolves at the end of the fault: where another one takes over at once, else when whoever died is up
 * again, or whoever stood still goes on.
 * @param isTime asked right after each look at the models; the strike follows at once, or when patience is over
 */
export async function strike(
  site: PlugSite,
  plug: Plug,
  kind: FaultKind,
  isTime: () => boolean = () => true,
): Promise<Struck> {
  const way = plug.ways[kind];
  if (way === undefined) throw new Error(`${plug.name} cannot be pulled by ${kind}`);
  const aim = await way.aim(site);
  const { models, struckAt, overAt, whole } = await carriedOut(site, aim, isTime).catch((error) => {
    aim.letGo();
    throw error;
  });
  const { cost, refuses } = way;
  const { pids, jobNames } = aim;
  const jobs = await jobIdsOf(site, jobNames);
  const one = { plug: plug.name, kind, cost, refuses, struckAt, overAt, pids, jobs };
  return { strike: one, models, whole };
}

async function carriedOut(
  site: PlugSite,
  aim: Aim,
  isTime: () => boolean,
): Promise<Pick<Struck, 'models' | 'whole'> & Pick<Strike, 'struckAt' | 'overAt'>> {
  const models = await modelsAt(site, isTime);
  const struckAt = aim.sinceAt ?? Date.now();
  await aim.strike();
  const over = aim.over();
  const whole = aim.whole();
  // Whoever waits for it hears of it.
  whole.catch(() => undefined);
  return { models, struckAt, overAt: await over, whole };
}

/** How they stand when it is time, or at the last look. */
async function modelsAt(site: PlugSite, isTime: () => boolean): Promise<Struck['models']> {
  const deadline = Date.now() + timelyWithinMs;
  for (;;) {
    const models = await presentModels(site);
    if (isTime() || Date.now() >= deadline) return models;
    await pause(5);
  }
}

/** A busy machine may let a connection wait for longer than it has patience. */
export async function presentModels(
  site: Pick<PlugSite, 'models'>,
): Promise<ReadonlyMap<string, ModelRow>> {
  return eventually('the store to answer', () => site.models().catch(() => null));
}

/** Only the engines are known by their jobs. */
async function jobIdsOf(
  { stores }: PlugSite,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const look = () => stores.rows('select id from jobs where name = any($1)', [names]);
  const rows = await eventually('the store to answer', () => look().catch(() => null));
  return rows.map(({ id }) => String(id));
}
