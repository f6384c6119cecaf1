/** What HEAppE keeps in its database, as far as it is imitated. Dates are milliseconds since 1970. */

export type RoleName =
  | 'Administrator'
  | 'Maintainer'
  | 'Submitter'
  | 'GroupReporter'
  | 'Reporter'
  | 'ManagementAdmin'
  | 'Manager';

export interface User {
  readonly id: number;
  readonly username: string;
  readonly email: string | null;
  /** scrypt of the password, which is the API key, too; null for people who come by token. */
  secret: string | null;
  /** Roles by project id. */
  roles: Record<number, RoleName[]>;
  readonly type: 1 | 2 | 3;
}

export interface Project {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly accountingString: string;
  readonly startDate: number;
  readonly endDate: number;
  readonly usageType: 1 | 2;
  readonly useAccountingStringForScheduler: boolean;
  readonly isOneToOneMapping: boolean;
}

export interface Assignment {
  readonly projectId: number;
  readonly clusterId: number;
  readonly scratchStoragePath: string;
  readonly projectStoragePath: string;
}

export interface FileTransferMethod {
  readonly id: number;
  readonly serverHostname: string;
  readonly protocol: 1 | 2 | 4;
  /** Of sshd; the test server's own changes with each start. */
  port: number;
}

export interface Cluster {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly fileTransferMethods: readonly FileTransferMethod[];
}

export interface NodeType {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly clusterId: number;
  readonly numberOfNodes: number;
  readonly coresPerNode: number;
  /** Seconds. */
  readonly maxWalltime: number;
  readonly fileTransferMethodId: number;
  readonly queue: string;
  readonly qualityOfService: string | null;
  /** A word of the aggregation that makes cores mean GPUs: contains `GPU` or `ACN`. */
  readonly allocationType: string;
}

export interface TemplateParameter {
  readonly id: number;
  identifier: string;
  query: string;
  description: string;
}

export interface Template {
  readonly id: number;
  name: string;
  description: string;
  extendedAllocationCommand: string;
  executableFile: string;
  preparationScript: string;
  commandParameters: string;
  isEnabled: boolean;
  isDeleted: boolean;
  /** null: every project may use it. */
  readonly projectId: number | null;
  clusterNodeTypeId: number;
  readonly parameters: TemplateParameter[];
}

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

/** A session code of a person. */
export interface Session {
  readonly code: string;
  readonly userId: number;
  expires: number;
}

export interface World {
  readonly sessions: Session[];
  readonly users: User[];
  readonly projects: readonly Project[];
  readonly assignments: readonly Assignment[];
  readonly clusters: readonly Cluster[];
  readonly nodeTypes: readonly NodeType[];
  readonly templates: Template[];
  readonly jobs: Job[];
  /** Last id given out, by kind. */
  readonly lastIds: Record<IdKind, number>;
}

export type IdKind =
  | 'user'
  | 'template'
  | 'parameter'
  | 'job'
  | 'jobSpecification'
  | 'task'
  | 'taskSpecification';
