import type { Instance } from '../instance.ts';
import type { ScheduledJob } from '../scheduler/scheduler.ts';
import { type Job, jobState } from '../world/job-types.ts';
import { scheduledIds, submitJob } from './job-life.ts';
import { lookTogether } from './look-together.ts';
import { combine, isUnfinished, stateOfWord, summarize } from './states.ts';

/**
 * One round of HEAppE's background loops: stored states are brought up to date, jobs that wait too long are cancelled,
 * jobs that wait for an account are submitted, tunnels of ended tasks are closed.
 */
export async function pollOnce(instance: Instance): Promise<void> {
  const { database, scheduler, clock, tunnels } = instance;
  const { jobs } = database.world;
  const live = jobs.filter(isUnfinished);
  for (const job of live) {
    const { waitingLimit } = job.specification;
    const waitedMs = clock.now() - (job.submitTime ?? clock.now());
    if (waitingLimit > 0 && job.state < jobState.running && waitedMs > waitingLimit * 1000) {
      for (const id of scheduledIds(job)) await scheduler.cancel(id);
    }
  }
  for (const group of groups(live)) {
    const seen = await lookTogether(instance, group.flatMap(scheduledIds));
    // One may have been cancelled or deleted meanwhile.
    for (const job of group.filter(isUnfinished)) takeOver(job, seen);
  }
  for (const job of jobs.filter(({ state }) => state === jobState.waitingForServiceAccount)) {
    await submitJob(instance, job).catch(() => {});
  }
  for (const task of jobs.flatMap(({ tasks }) => tasks)) {
    if (task.state >= jobState.finished) tunnels.closeTask(task.id);
  }
  database.save();
}

/** Jobs that HEAppE asks after in one command: those of one account in one project. */
function groups(jobs: readonly Job[]): readonly (readonly Job[])[] {
  return Object.values(
    Object.groupBy(jobs, ({ account, specification }) => `${specification.projectId} ${account}`),
  ).map((group) => group ?? []);
}

/** Details are taken over with a change of state only; a job that is not told of has failed. */
function takeOver(job: Job, seen: ReadonlyMap<string, ScheduledJob>): void {
  for (const task of job.tasks) {
    const scheduled = seen.get(task.scheduledJobId ?? '');
    if (scheduled === undefined) task.state = jobState.failed;
    else if (stateOfWord(scheduled.state) !== task.state) combine(task, scheduled);
  }
  summarize(job);
}
