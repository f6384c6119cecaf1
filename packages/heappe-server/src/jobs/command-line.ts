import { join } from 'node:path';
import type { Instance } from '../instance.ts';
import type { BatchJob } from '../scheduler/scheduler.ts';
import type { Job, JobSpecification, Task, TaskSpecification } from '../world/job-types.ts';
import type { NodeType, Template } from '../world/types.ts';
import { taskDirectory } from './paths.ts';

/** .NET's Regex.Escape: a backslash before metacharacters, `#` and blanks; line ends and tabs by their letters. */
export function regexEscape(text: string): string {
  const letters: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\f': '\\f',
  };
  return text.replace(/[\\*+?|{[()^$.# \n\r\t\f]/g, (char) => letters[char] ?? `\\${char}`);
}

/** Values of `%%{name}`: what the job supplies, escaped; else the query's constant or property. */
function parameterValues(
  template: Template,
  job: JobSpecification,
  task: TaskSpecification,
): ReadonlyMap<string, string> {
  const values = template.parameters.map(({ identifier, query }): readonly [string, string] => {
    const given = task.parameterValues.find(({ name }) => name === identifier);
    if (given !== undefined) return [identifier, regexEscape(given.value)];
    if (query.startsWith('Job.')) return [identifier, property(job, query)];
    if (query.startsWith('Task.')) return [identifier, property(task, query)];
    return [identifier, query];
  });
  return new Map(values);
}

/** By reflection; a property that is not there is nothing, `Task.Workdir` among them. */
function property(specification: object, query: string): string {
  const name = query.slice(query.indexOf('.') + 1);
  const key = name.slice(0, 1).toLowerCase() + name.slice(1);
  const value = (specification as Readonly<Record<string, unknown>>)[key];
  return value === null || value === undefined || typeof value === 'object' ? '' : String(value);
}

function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/%%\{([\w.]+)\}/g, (_, name: string) => values.get(name) ?? '');
}

/** `dd-hh:mm:ss`. */
function walltime(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 86_400)}-${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function resources(task: TaskSpecification, nodeType: NodeType) {
  const nodes = Math.ceil(task.maxCores / nodeType.coresPerNode);
  const isGpu = /ACN|GPU/.test(nodeType.allocationType);
  const isPartial = /partial-allocation/i.test(nodeType.allocationType);
  const named =
    task.requiredNodes.length === nodes && nodes > 0
      ? ` --nodelist=${task.requiredNodes.join(',')}`
      : '';
  const words =
    isGpu && isPartial
      ? ` --gpus=${task.maxCores}`
      : `${isGpu ? ` --gpus=${task.maxCores}` : ''} --nodes=${nodes}${named}`;
  return { nodes: isGpu && isPartial ? 1 : nodes, gpus: isGpu ? task.maxCores : 0, words };
}

const option = (flag: string, value: string | null) =>
  value === null || value === '' ? '' : ` ${flag}${value}`;

/** What HEAppE makes of a task: the words after `sbatch` in their order, and the text of `--wrap`. */
export function batchJob(
  instance: Instance,
  job: Job,
  task: Task,
  template: Template,
  nodeType: NodeType,
): BatchJob {
  const { specification } = task;
  const workDirectory = taskDirectory(instance, job, task);
  const standardOutput = `${workDirectory}/${specification.standardOutputFile}`;
  const standardError = `${workDirectory}/${specification.standardErrorFile}`;
  const values = parameterValues(template, job.specification, specification);
  const environment = [...job.specification.environment, ...specification.environment];
  const project = instance.database.world.projects.find(
    ({ id }) => id === job.specification.projectId,
  );
  const { nodes, gpus, words } = resources(specification, nodeType);
  const [first] = specification.parallelization;
  const exported = environment.map(({ name, value }) => `${name}=${value}`).join(',');
  const options = [
    option('--export ', exported),
    specification.isExclusive ? ' -exclusive=mcs' : '',
    words,
    option('--ntasks-per-node=', textOf(first?.mpiProcesses)),
    option('--cpus-per-task=', textOf(first?.openMpThreads)),
    option('--constraint=', specification.placementPolicy),
    option('-J ', String(task.specificationId)),
    project?.useAccountingStringForScheduler ? option('-A ', project.accountingString) : '',
    option('-t ', walltime(specification.walltimeLimit)),
    option('-e ', standardError),
    option(
      '-i ',
      specification.standardInputFile === null
        ? null
        : `${workDirectory}/${specification.standardInputFile}`,
    ),
    option('-o ', standardOutput),
    option('-D ', workDirectory),
    option('--array=', specification.jobArrays),
    specification.isRerunnable || (specification.jobArrays ?? '') !== ''
      ? ' --requeue'
      : ' --no-requeue',
    option('--partition=', nodeType.queue),
    option('--qos=', nodeType.qualityOfService),
    specification.cpuHyperThreading === true ? ' --hint=multithread' : '',
    option('', template.extendedAllocationCommand),
  ].join('');
  const preparation = closed(fill(template.preparationScript, values));
  const command = closed(fill(`${template.executableFile} ${template.commandParameters}`, values));
  return {
    name: String(task.specificationId),
    account: job.account,
    home: homeOf(instance, job.account),
    options,
    wrap: `cd ${workDirectory};1>> ${standardOutput} 2>> ${standardError} ${preparation}${command}`,
    workDirectory,
    standardOutput,
    standardError,
    walltimeSeconds: specification.walltimeLimit,
    queue: nodeType.queue,
    gpus,
    nodes,
    environment,
  };
}

export function homeOf({ settings }: Instance, account: string): string {
  return join(settings.dataDirectory, 'home', account);
}

const textOf = (value: number | null | undefined) =>
  value === null || value === undefined ? null : String(value);

const closed = (command: string) =>
  command === '' || command.endsWith(';') ? command : `${command};`;
