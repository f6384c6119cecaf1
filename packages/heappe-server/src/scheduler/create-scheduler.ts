import { join } from 'node:path';
import { createLocalScheduler } from './local-scheduler.ts';
import { recordSubmissions } from './record-submissions.ts';
import type { Scheduler } from './scheduler.ts';
import type { SchedulerSettings } from './settings.ts';
import { createSlurmScheduler } from './slurm-scheduler.ts';

export function createScheduler(settings: SchedulerSettings, dataDirectory: string): Scheduler {
  const scheduler =
    settings.kind === 'slurm'
      ? createSlurmScheduler(settings)
      : createLocalScheduler(join(dataDirectory, 'processes'), settings);
  return recordSubmissions(scheduler, dataDirectory);
}
