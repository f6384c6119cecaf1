import { engineReadyAt } from '../cluster-jobs.ts';
import { pause } from '../wakefield.ts';
import type { JobRow, ModelRow, Site } from './site.ts';
import { type Goal, modelOf, type SituationName } from './situations.ts';

/** When a model was where it had to go. */
export interface Convergence {
  readonly what: string;
  /** Milliseconds from the end of the fault; 0: it was there before. null: not within the time of the watch. */
  readonly totalMs: number | null;
  /** Of these, what others say was theirs: SLURM's queue, and the load of the engine. */
  readonly notOursMs: number;
  /** How it stood when it was last looked at. */
  readonly last: string;
}

/** What others than Wakefield say of a job: when SLURM took it, and when its engine was ready. */
export interface Witnesses {
  readonly takenAt: number | null;
  readonly engineReadyAt: number | null;
}

const watchMs = 60_000;
const everyMs = 150;

/**
 * Looks at all models until each was seen at its goal, in the store and, where somebody waits or people ask, in an
 * answer to a request that was sent after the fault.
 */
export async function watchConvergence(
  site: Site,
  goals: ReadonlyMap<SituationName, Goal>,
  overAt: number,
): Promise<ReadonlyMap<SituationName, Convergence>> {
  const found = new Map<SituationName, Convergence>();
  const answered = new Set<SituationName>();
  for (const [name, { request }] of goals)
    void request?.then(() => {
      answered.add(name);
    });
  const seenAt = new Map<SituationName, number>();
  let models: ReadonlyMap<string, ModelRow> = new Map();
  const look = async (name: SituationName, goal: Goal) => {
    const row = models.get(modelOf(name));
    if (found.has(name) || row === undefined || !goal.isReached(row)) return;
    const at = Math.max(seenAt.get(name) ?? Date.now(), overAt);
    seenAt.set(name, at);
    const waits = goal.request !== null && !answered.has(name);
    const answeredAt = waits ? null : firstAnswer(site, name, overAt);
    if (answeredAt === null) return;
    const totalMs = Math.max(at, answeredAt) - overAt;
    const notOurs = notOursMs(await witnessesOf(site, row.jobs.at(-1) ?? null), overAt);
    const last = JSON.stringify(row);
    found.set(name, { what: goal.what, totalMs, notOursMs: Math.min(totalMs, notOurs), last });
  };
  while (found.size < goals.size && Date.now() - overAt < watchMs) {
    models = await site.models().catch(() => new Map());
    for (const [name, goal] of goals) await look(name, goal);
    await pause(everyMs);
  }
  for (const [name, { what }] of goals)
    if (!found.has(name)) {
      const last = JSON.stringify(models.get(modelOf(name)) ?? null);
      found.set(name, { what, totalMs: null, notOursMs: 0, last });
    }
  return found;
}

/**
 * Of what a model had to wait for after a fault: from when SLURM had its newest job to when the job's engine said
 * that it was ready. What we do before (noticing, back-off, leases), between (looking, probing) and after remains ours.
 */
export function notOursMs({ takenAt, engineReadyAt: readyAt }: Witnesses, overAt: number): number {
  if (takenAt === null || readyAt === null) return 0;
  return Math.max(0, readyAt - Math.max(takenAt, overAt));
}

async function witnessesOf({ wakefield, cluster }: Site, job: JobRow | null): Promise<Witnesses> {
  if (job === null) return { takenAt: null, engineReadyAt: null };
  const ledger = await cluster.ledger(wakefield).catch(() => null);
  const taken = ledger?.taken.findLast(({ id }) => id === job.clusterJobId);
  return {
    takenAt: taken?.at ?? null,
    engineReadyAt: await engineReadyAt(wakefield.directory, await cluster.logOf(wakefield, job)),
  };
}

/** When somebody who asked after the fault had his answer, of which all came; for models without people at once. */
function firstAnswer(site: Site, name: SituationName, overAt: number): number | null {
  if (name === 'wake' || name === 'going idle') return overAt;
  const model = modelOf(name);
  const answers = site.load
    .ended()
    .filter((record) => record.model === model && record.dueAt >= overAt && record.whole)
    .map(({ answeredAt, endedAt }) => answeredAt ?? endedAt);
  return answers.length === 0 ? null : Math.min(...answers);
}
