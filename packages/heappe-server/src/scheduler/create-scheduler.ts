import { join } from 'node:path';
import { createLocalScheduler } from './local-scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import type { SchedulerSettings } from './settings.ts';
import { createSlurmScheduler } from './slurm-scheduler.ts';

export function createScheduler(settings: SchedulerSettings, dataDirectory: string): Scheduler {
  return settings.kind === 'slurm'
    ? createSlurmScheduler(settings)
    : createLocalScheduler(join(dataDirectory, 'processes'), settings);
}
