import type { Instance } from '../instance.ts';
import type { ScheduledJob } from '../scheduler/scheduler.ts';

/**
 * `scontrol show JobId 1 -o; scontrol show JobId 2 -o; …` in one shell: its exit code is the last one's, and when that is
 * not 0 HEAppE takes it that SLURM knows none of the jobs. So one purged job at the end of the list, or a controller that
 * does not answer for a moment, makes all jobs of the group Failed, which they stay though they run on
 * (SlurmSchedulerAdapter.GetActualTasksInfo, SshCommandUtils.ExecuteInternal).
 */
export async function lookTogether(
  { scheduler, faults }: Instance,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ScheduledJob>> {
  const none = new Map<string, ScheduledJob>();
  if (faults.switches.schedulerSilent || ids.length === 0) return none;
  const seen = await scheduler.look(ids).catch(() => none);
  return seen.has(ids.at(-1) ?? '') ? seen : none;
}
