import { randomUUID } from 'node:crypto';
import type { Lease, NewCommand, ServiceStatus, Stores } from '@wakefield/control';
import type {
  ClusterName,
  CommandBody,
  CommandEffect,
  Job,
  Model,
  ModelId,
  ProjectName,
  Service,
} from '@wakefield/domain';
import { openStore, type StoreOptions } from '@wakefield/store';
import pg from 'pg';
import { type TestDatabase, testDatabase } from './postgres.ts';
import { SAMPLE_NOW, sampleModel, sampleService } from './samples.ts';

/** Real stores on a database of their own, and short ways to fill them. */
export interface StoreFixture {
  readonly url: string;
  readonly stores: Stores;
  /** The same database through a pool of its own, as another process would have it. */
  another(options?: Partial<StoreOptions>): Stores;
  /** Any statement, past all stores. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Inserts a command row. */
  accept(
    project: ProjectName,
    body: CommandBody,
    over?: Partial<NewCommand>,
  ): Promise<NewCommand['id']>;
  /** Inserts a command and applies it with this effect. */
  carryOut(project: ProjectName, body: CommandBody, effect: CommandEffect): Promise<void>;
  /** A project on the clusters `here` and `there`. */
  project(name?: ProjectName): Promise<ProjectName>;
  /** A registered model of a project of its own, or of the one given. */
  model(over?: Partial<Model>): Promise<Model>;
  lease(modelId: ModelId): Promise<Lease>;
  /** A job of the model in the given phase. */
  job(model: Model, seq: number, patch?: Parameters<Stores['jobs']['patch']>[2]): Promise<Job>;
  /** A service of a project of its own, or of the one given. */
  service(over?: Partial<Service>): Promise<Service>;
  /** A job of the service in the given phase. */
  serviceJob(
    service: Service,
    seq: number,
    patch?: Parameters<Stores['jobs']['patch']>[2],
  ): Promise<Job>;
  /** What the last plan made of the service. */
  verdict(service: Service, status: Partial<ServiceStatus>): Promise<void>;
  /** Jobs of the model as if they had been started on that cluster. */
  moveTo(cluster: ClusterName, model: Model, ...seqs: number[]): Promise<void>;
  /** Closes every pool and drops the database. */
  close(): Promise<void>;
}

const LEASE_MS = 60_000;

/** @param given another database than one on the server that all tests share */
export async function storeFixture(given?: TestDatabase): Promise<StoreFixture> {
  const database = given ?? (await testDatabase());
  const closers: (() => Promise<void>)[] = [];
  const another: StoreFixture['another'] = (options = {}) => {
    const store = openStore({
      databaseUrl: database.url,
      poolSize: 8,
      applicationName: 'wakefield-test',
      statementTimeoutMs: 5_000,
      onError: () => undefined,
      ...options,
    });
    closers.push(() => store.close());
    return store.stores;
  };
  const stores = another();
  const raw = new pg.Pool({ connectionString: database.url, max: 2 });
  raw.on('error', () => undefined);
  closers.push(() => raw.end());
  const sql: StoreFixture['sql'] = async (text, values = []) =>
    (await raw.query(text, [...values])).rows;
  return {
    url: database.url,
    stores,
    another,
    sql,
    ...fillers(stores),
    moveTo: async (cluster, { id }, ...seqs) => {
      await sql('update jobs set cluster = $1 where model_id = $2 and seq = any($3)', [
        cluster,
        id,
        seqs,
      ]);
    },
    close: async () => {
      for (const close of closers.reverse()) await close();
      await database.drop();
    },
  };
}

type Fillers = Pick<
  StoreFixture,
  | ('accept' | 'carryOut' | 'project' | 'model' | 'lease' | 'job')
  | ('service' | 'serviceJob' | 'verdict')
>;

function fillers(stores: Stores): Fillers {
  const self: Fillers = {
    accept: async (project, body, over = {}) => {
      const { command } = await expectInsertion(stores, {
        id: randomUUID(),
        project,
        body,
        by: 'tester',
        acceptedAt: SAMPLE_NOW,
        traceId: '0af7651916cd43dd8448eb211c80319c',
        idempotencyKey: null,
        ...over,
      });
      return command.id;
    },
    carryOut: async (project, body, effect) => {
      const id = await self.accept(project, body);
      await stores.commands.apply(id, SAMPLE_NOW, () => effect);
    },
    project: async (name = `p-${randomUUID()}`) => {
      await self.carryOut(
        name,
        { kind: 'activate', cluster: 'here' },
        {
          outcome: { status: 'applied', created: true },
          project: {
            name,
            clusters: ['here', 'there'],
            createdAt: SAMPLE_NOW,
            updatedAt: SAMPLE_NOW,
          },
        },
      );
      return name;
    },
    model: async (over = {}) => {
      const project = over.project ?? (await self.project());
      const model = sampleModel({ id: randomUUID(), ...over, project });
      const body: CommandBody = { kind: 'register', spec: model.spec };
      await self.carryOut(project, body, { outcome: { status: 'applied', created: true }, model });
      return model;
    },
    lease: async (modelId) => await leaseOn(stores, `model:${modelId}`),
    job: async (model, seq, patch = {}) => {
      const lease = await self.lease(model.id);
      const job = await stores.jobs.intend(lease, intention(model, seq));
      await stores.leases.release(lease);
      return (await stores.jobs.patch(job.id, ['intended'], patch)) ?? job;
    },
    service: async (over = {}) => {
      const project = over.project ?? (await self.project());
      const { spec, ...rest } = sampleService({ id: '', ...over, project });
      const id = await self.accept(project, { kind: 'startService', spec });
      const service = { ...rest, spec, id };
      const outcome = { status: 'applied', created: true } as const;
      await stores.commands.apply(id, SAMPLE_NOW, () => ({ outcome, service }));
      return service;
    },
    serviceJob: async (service, seq, patch = {}) => {
      const lease = await leaseOn(stores, `service:${service.id}`);
      const job = await stores.jobs.intend(lease, serviceIntention(service, seq));
      await stores.leases.release(lease);
      return (await stores.jobs.patch(job.id, ['intended'], patch)) ?? job;
    },
    verdict: async ({ id }, status) => {
      const before = await stores.services.get(id);
      if (before === null) throw new Error('there is no such service');
      const { state, reason, because, generation, dueCount } = before;
      const lease = await leaseOn(stores, `service:${id}`);
      const plan = { generation, dueCount, status: { state, reason, because, ...status } };
      const at = { expectedStarts: [], lookAgainAt: SAMPLE_NOW, notices: [] };
      await stores.services.savePlan(id, lease, { ...plan, ...at }, SAMPLE_NOW);
      await stores.leases.release(lease);
    },
  };
  return self;
}

async function leaseOn({ leases }: Stores, name: string): Promise<Lease> {
  const lease = await leases.acquire(name, 'tester', LEASE_MS);
  if (lease === null) throw new Error('somebody else holds the lease');
  return lease;
}

function serviceIntention(service: Service, seq: number): Parameters<Stores['jobs']['intend']>[1] {
  const { id, project, cluster, spec } = service;
  return {
    ...{ id: randomUUID(), modelId: null, serviceId: id, project, cluster, seq },
    ...{ name: `wf-test-${id.slice(0, 16)}-${seq}`, revision: 1 },
    ...{ successorOf: null, rivalOf: null, shape: 'any', capacity: null },
    walltimeSeconds: spec.resources.walltimeMinutes * 60,
    gpuCount: spec.resources.nodes * (spec.resources.gpu ?? 0),
    intendedAt: SAMPLE_NOW + seq,
    engineKey: `secret-of-${seq}`,
  };
}

/** The row of a job that was intended for the model. */
export function intention(model: Model, seq: number): Parameters<Stores['jobs']['intend']>[1] {
  return {
    id: randomUUID(),
    modelId: model.id,
    serviceId: null,
    project: model.project,
    cluster: model.cluster,
    seq,
    name: `wf-test-${model.id.slice(0, 16)}-${seq}`,
    revision: model.revision,
    successorOf: null,
    rivalOf: null,
    walltimeSeconds: model.spec.walltimeSeconds,
    gpuCount: model.spec.gpuCount,
    shape: 'any',
    capacity: null,
    intendedAt: SAMPLE_NOW + seq,
    engineKey: `secret-of-${seq}`,
  };
}

async function expectInsertion(stores: Stores, command: NewCommand) {
  const insertion = await stores.commands.insert(command);
  if (insertion.kind !== 'inserted') throw new Error(`the command was ${insertion.kind}`);
  return insertion;
}
