import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { store } from '../files/store.ts';
import { HeappeError } from '../http/heappe-error.ts';
import { readFiles } from '../http/multipart.ts';
import { type Call, type Reply, type Route, sessionCodeOf, usualLimit } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { archiveDirectory } from '../jobs/delete-job.ts';
import { ownJob } from '../jobs/find-job.ts';
import { jobDirectory, taskDirectory } from '../jobs/paths.ts';
import { isGuid } from '../people/identify.ts';
import { requireRole } from '../people/roles.ts';
import { date } from '../world/dates.ts';
import { type Job, jobState, type Task } from '../world/job-types.ts';

const path = (action: string) => `FileTransfer/${action}`;

/** FileTransferController: files by HTTP. */
export const fileRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: path('DownloadPartsOfJobFilesFromCluster'),
    limit: 480,
    handle: downloadParts,
  },
  { method: 'GET', path: path('ListChangedFilesForJob'), limit: usualLimit, handle: list },
  { method: 'POST', path: path('DownloadFileFromCluster'), limit: 700, handle: download },
  {
    method: 'POST',
    path: path('UploadFilesToJobExecutionDir'),
    limit: 2_200_000_000,
    since: ({ uploadToJob }) => uploadToJob,
    handle: upload,
  },
];

/** Where a task's files are: its directory, or what was archived of it. */
function placeOf(instance: Instance, job: Job, task: Task): string {
  return job.state === jobState.deleted
    ? join(archiveDirectory(instance, job), String(task.specificationId))
    : taskDirectory(instance, job, task);
}

function fileOfType({ specification }: Task, type: number): string | null {
  const names: Readonly<Record<number, string>> = {
    0: specification.logFile,
    1: specification.progressFile,
    2: specification.standardErrorFile,
    3: specification.standardOutputFile,
  };
  return names[type] ?? null;
}

function downloadParts(call: Call): Reply {
  const { instance } = call;
  const asked = call.read((fields) => ({
    id: fields.number('SubmittedJobInfoId'),
    offsets: fields.objects('TaskFileOffsets', (item) => ({
      taskId: item.number('SubmittedTaskInfoId'),
      type: item.number('FileType'),
      offset: item.number('Offset'),
    })),
    sessionCode: sessionCodeOf(fields),
  }));
  const job = ownJob(call, asked.id, asked.sessionCode);
  if (asked.offsets === null) throw new HeappeError('internal', 'null');
  const parts = asked.offsets.flatMap(({ taskId, type, offset }) => {
    const task = job.tasks.find(({ id }) => id === taskId);
    const name = task === undefined ? null : fileOfType(task, type);
    if (task === undefined || name === null) return [];
    const file = join(placeOf(instance, job, task), name);
    if (!existsSync(file)) return [];
    const content = readFileSync(file).subarray(offset);
    return [
      {
        Content: decoded(content),
        RelativePath: name,
        Offset: offset,
        FileType: type,
        SubmittedTaskInfoId: taskId,
      },
    ];
  });
  return { json: parts };
}

/** Piece by piece, each by itself: characters across two of them are lost (Utils/FileSystemUtils.cs). */
function decoded(content: Buffer): string {
  let text = '';
  for (let at = 0; at < content.length; at += 1024) {
    text += content.subarray(at, at + 1024).toString('utf8');
  }
  return text;
}

function neverSubmitted({ state }: Job): boolean {
  return state < jobState.submitted || state === jobState.waitingForServiceAccount;
}

function list(call: Call): Reply {
  const { instance } = call;
  const job = ownJob(call, call.number('submittedJobInfoId'), call.text('sessionCode'));
  if (neverSubmitted(job)) return { json: null };
  const files = job.tasks.flatMap((task) =>
    filesBelow(placeOf(instance, job, task)).map(({ name, at }) => ({
      FileName: `/${task.specificationId}/${name}`,
      LastModifiedDate: date(at, false),
    })),
  );
  return { json: files };
}

function filesBelow(root: string): readonly { readonly name: string; readonly at: number }[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return [];
    const file = join(entry.parentPath, entry.name);
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ name: file.slice(root.length + 1), at: found.mtimeMs }];
  });
}

function download(call: Call): Reply {
  const { instance } = call;
  const asked = call.read((fields) => ({
    id: fields.number('SubmittedJobInfoId'),
    file: fields.text('RelativeFilePath', 255) ?? '',
    sessionCode: sessionCodeOf(fields),
  }));
  const job = ownJob(call, asked.id, asked.sessionCode);
  if (neverSubmitted(job)) return { json: null };
  const relative = asked.file.replace(/^\/+/, '');
  const own = relative.startsWith(`${job.specificationId}/`)
    ? relative.slice(`${job.specificationId}/`.length)
    : relative;
  const root =
    job.state === jobState.deleted ? archiveDirectory(instance, job) : jobDirectory(instance, job);
  const file = normalize(join(root, own));
  try {
    if (!file.startsWith(`${root}/`)) throw new Error('outside');
    return { json: readFileSync(file).toString('base64') };
  } catch {
    throw new HeappeError(
      'request',
      'NotExistingPath',
      `Requested path '${relative}' was not found. Exception message: 'No such file'.`,
    );
  }
}

/** Its checks throw plain exceptions, so they are 500. */
async function upload(call: Call): Promise<Reply> {
  const { instance } = call;
  const code = call.text('SessionCode');
  if (code !== null && !isGuid(code) && instance.settings.bearer?.mode !== 'lexis') {
    throw new HeappeError('internal', 'SessionCode must be a valid GUID or empty.');
  }
  const files = await readFiles(call);
  const { jobs, projects } = instance.database.world;
  const job = jobs.find(({ id }) => id === call.number('JobId'));
  if (job === undefined) throw new HeappeError('internal', 'NotExistingJob');
  const taskId = call.optionalNumber('TaskId');
  const task = job.tasks.find(({ id }) => id === taskId);
  if (taskId !== null && task === undefined) {
    throw new HeappeError('internal', 'TaskDoesNotBelongToJob');
  }
  const user = call.caller();
  const project = projects.find(({ id }) => id === job.specification.projectId);
  requireRole(user, 'Submitter', project, instance.clock.now());
  if (job.submitterId !== user.id) {
    throw new HeappeError('internal', 'LoggedUserIsNotSubmitterOfJob');
  }
  const base = jobDirectory(instance, job);
  // Not the task's own subdirectory: HEAppE puts them into the directory with its number.
  const directory = task === undefined ? base : join(base, String(task.specificationId));
  const answers: object[] = [];
  for (const { name, bytes } of files) answers.push(store(directory, name, bytes));
  return { json: answers };
}
