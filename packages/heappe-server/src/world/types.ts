/** What HEAppE keeps in its database, as far as it is imitated. Dates are milliseconds since 1970. */

import type { Job } from './job-types.ts';

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
