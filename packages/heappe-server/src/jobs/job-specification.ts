import type { Fields } from '../http/fields.ts';
import type { VersionTraits } from '../versions.ts';
import type { JobSpecification, NameValue, TaskSpecification } from '../world/job-types.ts';

/** What the body says before it is checked; null where HEAppE would run into a missing value. */
export interface ReadTask extends Omit<TaskSpecification, 'maxCores' | 'clusterNodeTypeId'> {
  readonly maxCores: number | null;
  readonly clusterNodeTypeId: number | null;
  /** null entries as they were sent. */
  readonly rawValues: readonly { readonly name: string | null; readonly value: string | null }[];
  readonly hasDependencies: boolean;
}

export interface ReadJob extends Omit<JobSpecification, 'fileTransferMethodId' | 'tasks'> {
  readonly fileTransferMethodId: number | null;
  readonly phoneNumber: string | null;
  readonly tasks: readonly ReadTask[] | null;
}

export function readJob(fields: Fields, traits: VersionTraits): ReadJob {
  return {
    name: fields.text('Name', 50) ?? '',
    projectId: fields.number('ProjectId'),
    subProject: fields.text('SubProjectIdentifier', 50),
    waitingLimit: fields.number('WaitingLimit'),
    clusterId: fields.number('ClusterId'),
    fileTransferMethodId: fields.optionalNumber('FileTransferMethodId'),
    notificationEmail: fields.text('NotificationEmail', 50),
    phoneNumber: fields.text('PhoneNumber', 20),
    notifyOnAbort: fields.flag('NotifyOnAbort'),
    notifyOnFinish: fields.flag('NotifyOnFinish'),
    notifyOnStart: fields.flag('NotifyOnStart'),
    environment: environmentOf(fields),
    tasks: fields.objects('Tasks', (task) => readTask(task, traits)),
  };
}

function readTask(fields: Fields, traits: VersionTraits): ReadTask {
  const rawValues =
    fields.objects('TemplateParameterValues', (item) => ({
      name: item.text('CommandParameterIdentifier', 20),
      value: item.text('ParameterValue', traits.parameterValueLimit),
    })) ?? [];
  return {
    name: fields.text('Name', 50) ?? '',
    minCores: fields.optionalNumber('MinCores'),
    maxCores: fields.optionalNumber('MaxCores'),
    walltimeLimit: fields.number('WalltimeLimit'),
    placementPolicy: fields.text('PlacementPolicy', 40),
    priority: fields.optionalNumber('Priority') ?? 4,
    jobArrays: fields.text('JobArrays', 40),
    isExclusive: fields.flag('IsExclusive'),
    isRerunnable: fields.flag('IsRerunnable'),
    standardInputFile: fields.text('StandardInputFile', 30),
    standardOutputFile: fields.text('StandardOutputFile', 30) ?? 'stdout.txt',
    standardErrorFile: fields.text('StandardErrorFile', 30) ?? 'stderr.txt',
    progressFile: fields.text('ProgressFile', 50) ?? '',
    logFile: fields.text('LogFile', 50) ?? '',
    clusterTaskSubdirectory: fields.text('ClusterTaskSubdirectory', 50),
    clusterNodeTypeId: fields.optionalNumber('ClusterNodeTypeId'),
    commandTemplateId: fields.number('CommandTemplateId'),
    cpuHyperThreading: fields.optionalFlag('CpuHyperThreading'),
    requiredNodes: fields.texts('RequiredNodes', 40) ?? [],
    parallelization:
      fields.objects(traits.parallelizationField, (item) => ({
        mpiProcesses: item.optionalNumber('MPIProcesses'),
        openMpThreads: item.optionalNumber('OpenMPThreads'),
        maxCores: item.number('MaxCores'),
      })) ?? [],
    environment: environmentOf(fields),
    rawValues,
    parameterValues: rawValues.map(({ name, value }) => ({ name: name ?? '', value: value ?? '' })),
    hasDependencies: (fields.objects('DependsOn', () => true) ?? []).length > 0,
  };
}

function environmentOf(fields: Fields): readonly NameValue[] {
  return (
    fields.objects('EnvironmentVariables', (item) => ({
      name: item.text('Name', 50) ?? '',
      value: item.text('Value', 100) ?? '',
    })) ?? []
  );
}
