import type { ReadJob, ReadTask } from './job-specification.ts';

const illegal = (text: string) => /[^A-Za-z0-9_\-\s.]/.test(text);
const illegalInPath = (text: string) => /[^A-Za-z0-9_\-\s\\/.~]/.test(text);

/** First level: what the text alone tells. Every complaint, as HEAppE collects them. */
export function inputComplaints(job: ReadJob): readonly string[] {
  const complaints: string[] = [];
  if (job.name === '') complaints.push('Name cannot be empty.');
  else if (illegal(job.name)) complaints.push('Name contains illegal characters.');
  if (job.waitingLimit < 0) complaints.push('WaitingLimit must be unsigned number');
  const mail = job.notificationEmail ?? '';
  if (mail !== '' && !/^[\w.-]+@[\w.-]+\.[A-Za-z]{2,4}$/.test(mail)) {
    complaints.push('Notification email address is in a wrong format.');
  }
  const phone = job.phoneNumber ?? '';
  if (phone !== '' && !/^\+?\d+$/.test(phone)) {
    complaints.push('Phone number is in a wrong format.');
  }
  if (job.environment.some(({ name }) => name === '')) {
    complaints.push("Environment variable's name for the job cannot be empty.");
  }
  const tasks = job.tasks ?? [];
  if (tasks.length === 0) complaints.push('Each job has to contain at least one task.');
  for (const task of tasks) complaints.push(...taskComplaints(task));
  if (job.projectId <= 0) complaints.push('ProjectId must be greater than 0.');
  return complaints;
}

function taskComplaints(task: ReadTask): readonly string[] {
  const of = `for task "${task.name}"`;
  const cores = task.parallelization.reduce((sum, { maxCores }) => sum + maxCores, 0);
  const rules: readonly (readonly [boolean, string])[] = [
    [task.name === '', 'Task name cannot be empty.'],
    [illegal(task.name), 'Task name contains illegal characters.'],
    [
      task.minCores !== null && task.minCores <= 0,
      `Minimal number of cores ${of} has to be greater than 0.`,
    ],
    [
      task.maxCores !== null && task.maxCores <= 0,
      `Maximal number of cores ${of} has to be greater than 0.`,
    ],
    [
      task.minCores !== null && task.maxCores !== null && task.minCores > task.maxCores,
      `Minimal number of cores ${of} cannot be greater than maximal number of cores.`,
    ],
    [task.walltimeLimit <= 0, `Walltime limit ${of} has to be greater than 0.`],
    [badArray(task.jobArrays), `JobArrays parameter ${of} has wrong definition.`],
    [
      task.maxCores !== null && cores > task.maxCores,
      `TaskParalizationSpecifications count of maximal cores ${of} must be lower or equals to Maximal number of cores in task.`,
    ],
    [task.progressFile === '', `Progress file ${of} is not set.`],
    [task.logFile === '', `Log file ${of} is not set.`],
    [illegalInPath(task.progressFile), `Progress file ${of} contains illegal characters.`],
    [illegalInPath(task.logFile), `Log file ${of} contains illegal characters.`],
    ...fileRules(task, of),
    [
      task.rawValues.some(({ name }) => name === null),
      `Parameter identifier for parameter in task "${task.name}" cannot be null.`,
    ],
    [
      task.rawValues.some(({ value }) => value === null),
      `Parameter value for parameter in task "${task.name}" cannot be null.`,
    ],
    [
      task.environment.some(({ name }) => name === ''),
      `Environment variable's name ${of} cannot be empty.`,
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, text]) => text);
}

function fileRules(task: ReadTask, of: string): readonly (readonly [boolean, string])[] {
  const checked: readonly (readonly [string, string | null])[] = [
    ['Placement policy specification', task.placementPolicy],
    ['Standard input file', task.standardInputFile],
    ['Standard output file', task.standardOutputFile],
    ['Standard error file', task.standardErrorFile],
    ['Cluster task subdirectory', task.clusterTaskSubdirectory],
    ...task.requiredNodes.map((node) => [`Required node "${node}" specification`, node] as const),
  ];
  return checked.map(([what, text]) => [
    illegal(text ?? ''),
    `${what} ${of} contains illegal characters.`,
  ]);
}

function badArray(text: string | null): boolean {
  if (text === null || text === '') return false;
  const match = /^(\d+)-(\d+)(?::(\d+))?$/.exec(text.replaceAll(' ', ''));
  if (match === null) return true;
  const [, min = 0, max = 0, step = 1] = match.map(Number);
  return !(min < max && min + (Number.isNaN(step) ? 1 : step) <= max);
}
