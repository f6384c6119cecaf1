import { parseJson } from '../http/body.ts';
import { bind } from '../http/fields.ts';
import { HeappeError, refuse } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf, usualLimit } from '../http/routes.ts';
import { inputComplaints } from '../jobs/check-input.ts';
import { referenceComplaints } from '../jobs/check-references.ts';
import { deleteJob } from '../jobs/delete-job.ts';
import { ownJob, taskFor } from '../jobs/find-job.ts';
import { cancelJob, createJob, scheduledIds, submitJob } from '../jobs/job-life.ts';
import { readJob } from '../jobs/job-specification.ts';
import { lookTogether } from '../jobs/look-together.ts';
import { presentJob } from '../jobs/present.ts';
import { combine, summarize } from '../jobs/states.ts';
import { requireRole, requireRoleSomewhere } from '../people/roles.ts';
import type { VersionTraits } from '../versions.ts';
import { type Job, jobState } from '../world/job-types.ts';
import { dryRun } from './dry-run.ts';

/** JobManagementController. */
export const jobRoutes = ({ createJobBytes }: VersionTraits): readonly Route[] => [
  { method: 'POST', path: 'JobManagement/CreateJob', limit: createJobBytes, handle: create },
  { method: 'PUT', path: 'JobManagement/SubmitJob', limit: 94, handle: submit },
  { method: 'PUT', path: 'JobManagement/CancelJob', limit: 98, handle: cancel },
  { method: 'DELETE', path: 'JobManagement/DeleteJob', limit: 120, handle: remove },
  { method: 'GET', path: 'JobManagement/ListJobsForCurrentUser', limit: usualLimit, handle: list },
  { method: 'GET', path: 'JobManagement/CurrentInfoForJob', limit: usualLimit, handle: info },
  { method: 'GET', path: 'JobManagement/AllocatedNodesIPs', limit: usualLimit, handle: addresses },
  {
    method: 'POST',
    path: 'JobManagement/DryRunJob',
    limit: 250_000,
    since: ({ dryRun }) => dryRun,
    handle: dryRun,
  },
];

const idOf = (id: number, name: string) => {
  if (id < 0) throw new HeappeError('validation', `${name} must be greater than or equal to 0.`);
  return id;
};

async function create(call: Call) {
  const { instance } = call;
  const { read, sessionCode } = bind(parseJson(call.body), (fields) => {
    const specification = fields.object('JobSpecification');
    return {
      read: specification === null ? null : readJob(specification, instance.traits),
      sessionCode: sessionCodeOf(fields),
    };
  });
  if (read === null) throw new HeappeError('internal', 'null');
  refuse(inputComplaints(read));
  const user = call.caller(sessionCode);
  const { world } = instance.database;
  const project = world.projects.find(({ id }) => id === read.projectId);
  requireRole(user, 'Submitter', project, instance.clock.now());
  // What .NET runs into by itself.
  const missing = (read.tasks ?? []).some(
    ({ clusterNodeTypeId, maxCores }) => clusterNodeTypeId === null || maxCores === null,
  );
  if (missing || read.fileTransferMethodId === null) throw new HeappeError('internal', 'null');
  refuse(referenceComplaints(read, world), 'Submitted job specification is not valid: \r\n ');
  return { json: presentJob(instance, createJob(instance, user, read), ['creation']) };
}

async function submit(call: Call) {
  const { id, sessionCode } = call.read((fields) => ({
    id: fields.number('CreatedJobInfoId'),
    sessionCode: sessionCodeOf(fields),
  }));
  const job = ownJob(call, idOf(id, 'CreatedJobInfoId'), sessionCode);
  await submitJob(call.instance, job);
  return { json: presentJob(call.instance, job, ['submit']) };
}

const readSubmitted = (call: Call) =>
  call.read((fields) => ({
    id: idOf(fields.number('SubmittedJobInfoId'), 'SubmittedJobInfoId'),
    archiveLogs: fields.flag('ArchiveLogs'),
    sessionCode: sessionCodeOf(fields),
  }));

async function cancel(call: Call) {
  const { id, sessionCode } = readSubmitted(call);
  const job = ownJob(call, id, sessionCode);
  return { json: presentJob(call.instance, await cancelJob(call.instance, job)) };
}

function remove(call: Call) {
  const { id, archiveLogs, sessionCode } = readSubmitted(call);
  deleteJob(call.instance, ownJob(call, id, sessionCode), archiveLogs);
  return { json: 'Job was deleted' };
}

function list(call: Call) {
  const { instance } = call;
  const { projects, jobs } = instance.database.world;
  const user = call.caller();
  requireRoleSomewhere(user, 'Submitter', projects);
  const states = (call.text('jobStates') ?? '').split(',').filter((word) => word !== '');
  if (states.some((word) => !/^\s*-?\d+\s*$/.test(word))) {
    throw new HeappeError('internal', 'FormatException');
  }
  const wanted = states.map(Number);
  const own = jobs.filter(
    ({ submitterId, state }) =>
      submitterId === user.id && (wanted.length === 0 || wanted.includes(state)),
  );
  return { json: own.map((job) => presentJob(instance, job)) };
}

async function info(call: Call) {
  const { instance } = call;
  const id = idOf(call.number('submittedJobInfoId'), 'SubmittedJobInfoId');
  const job = ownJob(call, id, call.text('sessionCode'), { administratorToo: true });
  if (instance.settings.bearer?.mode === 'introspection') await askLive(call, job);
  return { json: presentJob(instance, job) };
}

/** With token introspection the scheduler is asked at once, for the owner and for jobs that wait or run. */
async function askLive(call: Call, job: Job): Promise<void> {
  if (job.state !== jobState.queued && job.state !== jobState.running) return;
  if (call.caller().id !== job.submitterId) return;
  const seen = await lookTogether(call.instance, scheduledIds(job));
  for (const task of job.tasks) {
    const scheduled = seen.get(task.scheduledJobId ?? '');
    if (scheduled !== undefined) combine(task, scheduled);
  }
  summarize(job);
  call.instance.database.save();
}

async function addresses(call: Call) {
  const { instance } = call;
  const id = idOf(call.number('submittedTaskInfoId'), 'SubmittedTaskInfoId');
  const { task } = taskFor(call, id, call.text('sessionCode'), { shared: false });
  if (task.state !== jobState.running) {
    throw new HeappeError(
      'validation',
      'IPAddressesProvidedOnlyForRunningTask',
      'Allocated nodes IP addresses are provided only for running task.',
    );
  }
  const { junkAddress } = instance.faults.switches;
  if (junkAddress !== null) return { json: [junkAddress] };
  const found = await Promise.all(task.nodes.map((node) => instance.scheduler.addressOf(node)));
  // `host NAME` of a name that is not there, cut at the blanks.
  return { json: [...new Set(found.map((address) => address ?? '3(NXDOMAIN)'))] };
}
