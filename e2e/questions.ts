/** How often the controller was asked, by kind of question (sdiag(1)). */
export type Questions = ReadonlyMap<string, number>;

/** What one look may ask at most: squeue for jobs and partitions, sinfo for the nodes on which jobs run. */
const perLook: Readonly<Record<string, number>> = {
  REQUEST_JOB_INFO: 1,
  REQUEST_JOB_USER_INFO: 1,
  REQUEST_PARTITION_INFO: 2,
  REQUEST_NODE_INFO: 1,
};
/** When a job would start, by `sbatch --test-only`: the dearest question there is. */
const WILL_RUN = 'REQUEST_JOB_WILL_RUN';
/** sdiag itself, jobs that end by themselves, and what is counted by `forecasts`. */
const besideLooks = new Set([
  'REQUEST_STATS_INFO',
  'REQUEST_FED_INFO',
  'REQUEST_COMPLETE_BATCH_SCRIPT',
  WILL_RUN,
]);
/** The two ends of a time are not read at one moment. */
const spare = 2;

/** How many more there are of each kind. */
export function askedBetween(before: Questions, after: Questions): Questions {
  const more = [...after].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const);
  return new Map(more.filter(([, count]) => count > 0));
}

/** Questions for jobs, of all users or of one. */
export function forJobs(asked: Questions): number {
  return (asked.get('REQUEST_JOB_INFO') ?? 0) + (asked.get('REQUEST_JOB_USER_INFO') ?? 0);
}

/** Questions for the start of a job, and whether a project's jobs would be taken. */
export function forecasts(asked: Questions): number {
  return asked.get(WILL_RUN) ?? 0;
}

/** What was asked beyond so many looks, in words; empty is good. */
export function beyondLooks(asked: Questions, looks: number): readonly string[] {
  return [...asked]
    .filter(([kind]) => !besideLooks.has(kind))
    .filter(([kind, count]) => {
      const each = perLook[kind] ?? 0;
      return each === 0 || count > each * looks + spare;
    })
    .map(([kind, count]) => `${kind} ${count} times in ${looks} looks`);
}
