import { secretOf } from '../people/secrets.ts';
import type { NodeType, Project, RoleName, User, World } from './types.ts';

interface SeedUser {
  readonly username: string;
  /** Also the API key. */
  readonly password: string | null;
  readonly email?: string;
  /** Roles by accounting string. */
  readonly roles: Readonly<Record<string, readonly RoleName[]>>;
}

interface SeedNodeType {
  /** Absent: 11 for the first, and so on. */
  readonly id?: number;
  readonly name: string;
  /** The partition. */
  readonly queue: string;
  readonly numberOfNodes: number;
  /** GPUs, where the allocation type says so. */
  readonly coresPerNode: number;
  /** Seconds. */
  readonly maxWalltime: number;
  readonly allocationType?: string;
}

interface SeedProject {
  readonly accountingString: string;
  readonly name?: string;
  readonly useAccountingStringForScheduler?: boolean;
  readonly endDate?: Date;
}

/** A new instance's content. */
export interface Seed {
  readonly cluster: string;
  readonly nodeTypes: readonly SeedNodeType[];
  readonly projects: readonly SeedProject[];
  readonly users: readonly SeedUser[];
}

/** One cluster of four nodes with four GPUs each, project `demo`, and a person for each role that matters. */
export const defaultSeed: Seed = {
  cluster: 'testcluster',
  nodeTypes: [
    { name: 'gpu', queue: 'gpu', numberOfNodes: 4, coresPerNode: 4, maxWalltime: 86_400 },
    { name: 'debug', queue: 'debug', numberOfNodes: 1, coresPerNode: 4, maxWalltime: 300 },
  ],
  projects: [{ accountingString: 'demo' }],
  users: [
    { username: 'manager', password: 'manager-password', roles: { demo: ['Manager'] } },
    { username: 'submitter', password: 'submitter-password', roles: { demo: ['Submitter'] } },
    { username: 'reporter', password: 'reporter-password', roles: { demo: ['Reporter'] } },
    {
      username: 'admin',
      password: 'admin-password',
      roles: { demo: ['Administrator', 'ManagementAdmin'] },
    },
  ],
};

export interface Place {
  readonly scratch: string;
  readonly projectStorage: string;
  readonly transferHost: string;
  readonly transferPort: number;
}

/** Kinds of ids start far apart, so that one taken for another is found out. */
export function worldFrom(seed: Seed, place: Place, now: number): World {
  const year = 365 * 86_400_000;
  const projects = seed.projects.map(
    (project, index): Project => ({
      id: 1 + index,
      name: project.name ?? `Project ${project.accountingString}`,
      description: 'made by the test server',
      accountingString: project.accountingString,
      startDate: now - year,
      endDate: project.endDate?.getTime() ?? now + 10 * year,
      usageType: 1,
      useAccountingStringForScheduler: project.useAccountingStringForScheduler ?? false,
      isOneToOneMapping: false,
    }),
  );
  const nodeTypes = seed.nodeTypes.map(
    (nodeType, index): NodeType => ({
      id: nodeType.id ?? 11 + index,
      name: nodeType.name,
      description: `partition ${nodeType.queue}`,
      clusterId: 1,
      numberOfNodes: nodeType.numberOfNodes,
      coresPerNode: nodeType.coresPerNode,
      maxWalltime: nodeType.maxWalltime,
      fileTransferMethodId: 21,
      queue: nodeType.queue,
      qualityOfService: null,
      allocationType: nodeType.allocationType ?? 'GPU',
    }),
  );
  return {
    users: seed.users.map((user, index) => userFrom(user, 31 + index, projects)),
    projects,
    assignments: projects.map(({ id }) => ({
      projectId: id,
      clusterId: 1,
      scratchStoragePath: place.scratch,
      projectStoragePath: place.projectStorage,
    })),
    clusters: [
      {
        id: 1,
        name: seed.cluster,
        description: 'of the test server',
        fileTransferMethods: [
          { id: 21, serverHostname: place.transferHost, protocol: 2, port: place.transferPort },
        ],
      },
    ],
    nodeTypes,
    templates: [],
    sessions: [],
    jobs: [],
    lastIds: {
      user: 30 + seed.users.length,
      template: 100,
      parameter: 200,
      job: 300,
      jobSpecification: 5000,
      task: 7000,
      taskSpecification: 9000,
    },
  };
}

function userFrom(seed: SeedUser, id: number, projects: readonly Project[]): User {
  const roles: Record<number, RoleName[]> = {};
  for (const project of projects) {
    const given = seed.roles[project.accountingString];
    if (given !== undefined) roles[project.id] = [...given];
  }
  return {
    id,
    username: seed.username,
    email: seed.email ?? null,
    secret: seed.password === null ? null : secretOf(seed.password),
    roles,
    type: 1,
  };
}
