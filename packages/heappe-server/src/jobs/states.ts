import type { ScheduledJob } from '../scheduler/scheduler.ts';
import { type Job, jobState, type Task } from '../world/job-types.ts';

const words: Readonly<Record<string, number>> = {
  PENDING: jobState.queued,
  CONFIGURING: jobState.queued,
  REQUEUED: jobState.queued,
  REQUEUE_FED: jobState.queued,
  REQUEUE_HOLD: jobState.queued,
  RUNNING: jobState.running,
  COMPLETING: jobState.running,
  COMPLETED: jobState.finished,
  SPECIAL_EXIT: jobState.finished,
  SUSPENDED: jobState.canceled,
  STOPPED: jobState.canceled,
  RESIZING: jobState.canceled,
};

/** SLURM's word as HEAppE reads it. CANCELLED is none that it knows (it spells it with one L), and so is a failure. */
export const stateOfWord = (word: string): number => words[word] ?? jobState.failed;

/** Takes over what the scheduler says of a task. */
export function combine(task: Task, scheduled: ScheduledJob): void {
  task.state = stateOfWord(scheduled.state);
  task.nodes = scheduled.nodes;
  task.reason = scheduled.reason ?? 'None';
  task.startTime = scheduled.startTime;
  task.endTime = task.state >= jobState.finished ? scheduled.endTime : null;
  task.allocatedSeconds = Math.round(scheduled.runSeconds * 1000) / 1000;
}

/** The job's state and times by its tasks, in HEAppE's order. */
export function summarize(job: Job): void {
  job.startTime = job.tasks[0]?.startTime ?? null;
  job.endTime = job.tasks.findLast(({ endTime }) => endTime !== null)?.endTime ?? null;
  const states = job.tasks.map(({ state }) => state);
  const deciding: readonly number[] = [jobState.failed, jobState.running, jobState.canceled];
  const decided = states.find((state) => deciding.includes(state)) ?? jobState.finished;
  job.state = Math.min(decided, jobState.canceled, ...states);
}

const unfinished: readonly number[] = [jobState.submitted, jobState.queued, jobState.running];

export const isUnfinished = (job: Job): boolean => unfinished.includes(job.state);
