import { pause } from '../wakefield.ts';
import type { JobRow, ModelRow, Site } from './site.ts';
import { type Goal, modelOf, type SituationName } from './situations.ts';

/** When a model was where it had to go. */
export interface Convergence {
  readonly what: string;
  /** Milliseconds from the end of the fault; 0: it was there before. null: not within the time of the watch. */
  readonly totalMs: number | null;
  /** Of these, the time from a new job's submission to its engine being ready: SLURM's queue and the load. */
  readonly notOursMs: number;
  /** How it stood when it was last looked at. */
  readonly last: string;
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
  const look = (name: SituationName, goal: Goal) => {
    const row = models.get(modelOf(name));
    if (found.has(name) || row === undefined || !goal.isReached(row)) return;
    const at = Math.max(seenAt.get(name) ?? Date.now(), overAt);
    seenAt.set(name, at);
    const waits = goal.request !== null && !answered.has(name);
    const answeredAt = waits ? null : firstAnswer(site, name, overAt);
    if (answeredAt !== null)
      found.set(name, reached(goal.what, row, Math.max(at, answeredAt), overAt));
  };
  while (found.size < goals.size && Date.now() - overAt < watchMs) {
    models = await site.models().catch(() => new Map());
    for (const [name, goal] of goals) look(name, goal);
    await pause(everyMs);
  }
  for (const [name, { what }] of goals)
    if (!found.has(name)) found.set(name, missed(what, models.get(modelOf(name)) ?? null));
  return found;
}

function reached(what: string, row: ModelRow, at: number, overAt: number): Convergence {
  const totalMs = at - overAt;
  const notOursMs = Math.min(totalMs, notOurs(row.jobs, overAt));
  return { what, totalMs, notOursMs, last: JSON.stringify(row) };
}

function missed(what: string, row: ModelRow | null): Convergence {
  return { what, totalMs: null, notOursMs: 0, last: JSON.stringify(row) };
}

/** When somebody who asked after the fault had his answer, of which all came; for models without people at once. */
function firstAnswer(site: Site, name: SituationName, overAt: number): number | null {
  if (name === 'wake' || name === 'going idle') return overAt;
  const answers = site.load
    .since(modelOf(name), overAt)
    .filter(({ startedAt, whole }) => startedAt >= overAt && whole)
    .map(({ answeredAt }) => answeredAt);
  return answers.length === 0 ? null : Math.min(...answers);
}

/**
 * Of the newest job, if it came to be during the fault or after it: from when SLURM had it to when its engine was
 * ready. What we do before (noticing, back-off, leases) and after (opening the route) remains.
 */
function notOurs(jobs: readonly JobRow[], overAt: number): number {
  const { submittedAt = null, readyAt = null } = jobs.at(-1) ?? {};
  if (submittedAt === null || readyAt === null) return 0;
  return Math.max(0, readyAt - Math.max(submittedAt, overAt));
}
