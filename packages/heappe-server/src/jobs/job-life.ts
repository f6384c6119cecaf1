import { mkdirSync } from 'node:fs';
import { HeappeError } from '../http/heappe-error.ts';
import type { Instance } from '../instance.ts';
import { SchedulerRefusal } from '../scheduler/scheduler.ts';
import { type Job, type JobSpecification, jobState, stateNames } from '../world/job-types.ts';
import type { User } from '../world/types.ts';
import { batchJob, homeOf } from './command-line.ts';
import type { ReadJob } from './job-specification.ts';
import { lookTogether } from './look-together.ts';
import { jobDirectory, taskDirectory } from './paths.ts';
import { combine, isUnfinished, summarize } from './states.ts';

/** The cluster account that works for a project. */
const accountOf = (accountingString: string) =>
  `acc-${accountingString.toLowerCase().replace(/[^a-z0-9-]/g, '-')}`;

/** Makes the record, then the directories: as HEAppE does, a failure of the second leaves the first. */
export function createJob(instance: Instance, user: User, read: ReadJob): Job {
  const { database } = instance;
  const project = database.world.projects.find(({ id }) => id === read.projectId);
  const specification = complete(read);
  const job: Job = {
    id: database.nextId('job'),
    specificationId: database.nextId('jobSpecification'),
    specification,
    submitterId: user.id,
    account: accountOf(project?.accountingString ?? ''),
    state: jobState.configuring,
    creationTime: instance.clock.now(),
    submitTime: null,
    startTime: null,
    endTime: null,
    tasks: specification.tasks.map((task) => ({
      id: database.nextId('task'),
      specificationId: database.nextId('taskSpecification'),
      specification: task,
      state: jobState.configuring,
      scheduledJobId: null,
      nodes: [],
      startTime: null,
      endTime: null,
      allocatedSeconds: null,
      reason: null,
    })),
    transferKeys: [],
  };
  database.world.jobs.push(job);
  database.save();
  makeDirectories(instance, job);
  return job;
}

function complete(read: ReadJob): JobSpecification {
  const { phoneNumber: _, ...job } = read;
  if (job.fileTransferMethodId === null) throw new HeappeError('internal', 'null');
  return {
    ...job,
    fileTransferMethodId: job.fileTransferMethodId,
    tasks: (job.tasks ?? []).map(({ rawValues: _values, hasDependencies: _depends, ...task }) => {
      if (task.maxCores === null || task.clusterNodeTypeId === null) {
        throw new HeappeError('internal', 'null');
      }
      return { ...task, maxCores: task.maxCores, clusterNodeTypeId: task.clusterNodeTypeId };
    }),
  };
}

function makeDirectories(instance: Instance, job: Job): void {
  mkdirSync(homeOf(instance, job.account), { recursive: true, mode: 0o700 });
  mkdirSync(jobDirectory(instance, job), { recursive: true, mode: 0o700 });
  for (const task of job.tasks) {
    mkdirSync(taskDirectory(instance, job, task), { recursive: true, mode: 0o700 });
  }
}

/** @throws HeappeError 404 in a wrong state, 400 for a disabled template, 502 when the scheduler refuses */
export async function submitJob(instance: Instance, job: Job): Promise<void> {
  const { database, settings } = instance;
  const { templates, jobs } = database.world;
  const used = templates.filter(({ id }) =>
    job.tasks.some(({ specification }) => specification.commandTemplateId === id),
  );
  if (used.some(({ isEnabled }) => !isEnabled)) {
    throw new HeappeError(
      'request',
      'CannotSubmitJobWithDisabledCommandTemplate',
      'Cannot submit job with disabled command template in task.',
    );
  }
  if (job.state !== jobState.configuring && job.state !== jobState.waitingForServiceAccount) {
    throw new HeappeError(
      'validation',
      'SubmittingJobNotInConfiguringState',
      'Unable to submit the job (incorrect job state).',
    );
  }
  const isTaken = jobs.some(
    (other) => other !== job && other.account === job.account && isUnfinished(other),
  );
  if (!settings.sharedAccountsPool && isTaken) {
    job.state = jobState.waitingForServiceAccount;
    database.save();
    return;
  }
  await submitTasks(instance, job);
  if (instance.traits.oneTaskOnly && job.tasks.length > 1) {
    // All of them run, and nothing of that is saved.
    for (const task of job.tasks) task.state = jobState.configuring;
    throw new HeappeError('request', 'ErrorCombiningJobInfoFromCluster');
  }
  summarize(job);
  database.save();
}

async function submitTasks(instance: Instance, job: Job): Promise<void> {
  const { nodeTypes, templates } = instance.database.world;
  makeDirectories(instance, job);
  const submitTime = instance.clock.now();
  for (const task of job.tasks) {
    const { commandTemplateId, clusterNodeTypeId } = task.specification;
    const template = templates.find(({ id }) => id === commandTemplateId);
    const nodeType = nodeTypes.find(({ id }) => id === clusterNodeTypeId);
    if (template === undefined || nodeType === undefined) throw new Error('no template');
    const { schedulerRefusal, schedulerForgets } = instance.faults.switches;
    if (schedulerRefusal !== null) throw slurmProblem(schedulerRefusal);
    const id = await instance.scheduler
      .submit(batchJob(instance, job, task, template, nodeType))
      .catch((error: unknown) => {
        throw error instanceof SchedulerRefusal ? slurmProblem(error.message) : error;
      });
    if (schedulerForgets !== null) throw slurmProblem(schedulerForgets);
    task.scheduledJobId = id;
    const seen = (await instance.scheduler.look([id])).get(id);
    if (seen === undefined) throw new HeappeError('slurm', 'UnableToParseResponse');
    combine(task, seen);
  }
  job.submitTime = submitTime;
}

/** Paths and GUIDs are hidden, as ClusterManagementLogMessageRedactingRegex of the example configuration does. */
function slurmProblem(text: string): HeappeError {
  const hidden = text.replace(
    /(\/[^ ]+)|(\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)/g,
    '*REDACTED*',
  );
  return new HeappeError('slurm', 'SubmitJobException', hidden);
}

/** @throws HeappeError 400 for a job that is over. @returns the job as it is answered */
export async function cancelJob(instance: Instance, job: Job): Promise<Job> {
  if (isUnfinished(job)) {
    const ids = scheduledIds(job);
    for (const id of ids) await instance.scheduler.cancel(id);
    const seen = await lookTogether(instance, ids);
    for (const task of job.tasks) {
      const scheduled = seen.get(task.scheduledJobId ?? '');
      if (scheduled !== undefined) combine(task, scheduled);
    }
    summarize(job);
    instance.database.save();
    return job;
  }
  if (job.state === jobState.configuring || job.state === jobState.waitingForServiceAccount) {
    // Answered so, and not saved: the stored state stays what it was.
    const tasks = job.tasks.map((task) => ({ ...task, state: jobState.canceled }));
    return { ...job, state: jobState.canceled, tasks };
  }
  throw new HeappeError(
    'request',
    'CannotCancelJob',
    `Cannot cancel job '${job.id}', this job is in state '${stateNames[job.state]}'.`,
  );
}

export const scheduledIds = (job: Job): readonly string[] =>
  job.tasks.flatMap(({ scheduledJobId }) => scheduledJobId ?? []);
