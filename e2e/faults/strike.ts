import { eventually } from '../wakefield.ts';
import type { FaultKind, Strike } from './blame.ts';
import type { Plug, PlugSite } from './plugs.ts';
import type { ModelRow } from './site.ts';

export interface Struck {
  readonly strike: Strike;
  /** How the models stood right before. */
  readonly models: ReadonlyMap<string, ModelRow>;
  /** Resolves when all is there again that was there before. */
  readonly whole: Promise<void>;
}

/**
 * Pulls a plug. Resolves at the end of the fault: where another one takes over at once, else when whoever died is up
 * again, or whoever stood still goes on.
 * @param moment resolves when it is time
 */
export async function strike(
  site: PlugSite,
  plug: Plug,
  kind: FaultKind,
  moment: () => Promise<void> = async () => undefined,
): Promise<Struck> {
  const way = plug.ways[kind];
  if (way === undefined) throw new Error(`${plug.name} cannot be pulled by ${kind}`);
  const aim = await way.aim(site);
  const models = await presentModels(site);
  await moment();
  const struckAt = Date.now();
  await aim.strike();
  const over = aim.over().then(() => Date.now());
  const whole = aim.whole();
  // Whoever waits for it hears of it.
  whole.catch(() => undefined);
  const overAt = await over;
  const { cost, refuses } = way;
  const { pids, jobNames } = aim;
  const jobs = await jobIdsOf(site, jobNames);
  const one = { plug: plug.name, kind, cost, refuses, struckAt, overAt, pids, jobs };
  return { strike: one, models, whole };
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
