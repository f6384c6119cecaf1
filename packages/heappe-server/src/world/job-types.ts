/** Jobs as HEAppE keeps them. */

export interface TaskSpecification {
  readonly name: string;
  readonly minCores: number | null;
  readonly maxCores: number;
  readonly walltimeLimit: number;
  readonly placementPolicy: string | null;
  readonly priority: number;
  readonly jobArrays: string | null;
  readonly isExclusive: boolean;
  readonly isRerunnable: boolean;
  readonly standardInputFile: string | null;
  readonly standardOutputFile: string;
  readonly standardErrorFile: string;
  readonly progressFile: string;
  readonly logFile: string;
  readonly clusterTaskSubdirectory: string | null;
  readonly clusterNodeTypeId: number;
  readonly commandTemplateId: number;
  readonly cpuHyperThreading: boolean | null;
  readonly requiredNodes: readonly string[];
  readonly parallelization: readonly {
    readonly mpiProcesses: number | null;
    readonly openMpThreads: number | null;
    readonly maxCores: number;
  }[];
  readonly environment: readonly NameValue[];
  readonly parameterValues: readonly NameValue[];
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface JobSpecification {
  readonly name: string;
  readonly projectId: number;
  readonly subProject: string | null;
  readonly waitingLimit: number;
  readonly clusterId: number;
  readonly fileTransferMethodId: number;
  readonly notificationEmail: string | null;
  readonly notifyOnAbort: boolean;
  readonly notifyOnFinish: boolean;
  readonly notifyOnStart: boolean;
  readonly environment: readonly NameValue[];
  readonly tasks: readonly TaskSpecification[];
}

export const jobState = {
  configuring: 1,
  submitted: 2,
  queued: 4,
  running: 8,
  finished: 16,
  failed: 32,
  canceled: 64,
  waitingForServiceAccount: 128,
  deleted: 256,
} as const;

export const stateNames: Readonly<Record<number, string>> = {
  1: 'Configuring',
  2: 'Submitted',
  4: 'Queued',
  8: 'Running',
  16: 'Finished',
  32: 'Failed',
  64: 'Canceled',
  128: 'WaitingForServiceAccount',
  256: 'Deleted',
};

export interface Task {
  readonly id: number;
  readonly specificationId: number;
  readonly specification: TaskSpecification;
  state: number;
  scheduledJobId: string | null;
  nodes: readonly string[];
  startTime: number | null;
  endTime: number | null;
  allocatedSeconds: number | null;
  reason: string | null;
}

export interface Job {
  readonly id: number;
  readonly specificationId: number;
  readonly specification: JobSpecification;
  readonly submitterId: number;
  /** Of the cluster; owner of its files. */
  readonly account: string;
  state: number;
  readonly creationTime: number;
  submitTime: number | null;
  startTime: number | null;
  endTime: number | null;
  readonly tasks: readonly Task[];
  /** Public halves of temporary keys for file transfer. */
  readonly transferKeys: string[];
}
