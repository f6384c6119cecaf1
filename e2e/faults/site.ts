import { openStoreWindow, type StoreWindow } from '@wakefield/testkit';
import { startWakefield, type Wakefield } from '../wakefield.ts';
import type { FaultCluster } from './clusters.ts';
import { createLoad, type Load } from './load.ts';
import { situations } from './situations.ts';

/** Looked at and registered again all the time, and never asked. */
export const managedModel = 'faults/managed';

/** A job as Wakefield has it written down; times in epoch milliseconds. */
export interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly seq: number;
  readonly phase: 'intended' | 'queued' | 'starting' | 'ready' | 'draining' | 'ended';
  readonly clusterJobId: string | null;
  readonly node: string | null;
  readonly submittedAt: number | null;
  readonly startedAt: number | null;
  readonly readyAt: number | null;
  readonly endsAt: number | null;
}

/** A model with its live jobs, oldest first. */
export interface ModelRow {
  readonly model: string;
  readonly idle: boolean;
  readonly state: string;
  readonly replicas: number;
  readonly reason: string | null;
  readonly jobs: readonly JobRow[];
}

/** A Wakefield over one cluster with the models of all situations and people who use them. */
export interface Site {
  readonly wakefield: Wakefield;
  readonly cluster: FaultCluster;
  readonly stores: StoreWindow;
  readonly load: Load;
  /** Straight from Postgres. Rejects while it does not answer. */
  models(): Promise<ReadonlyMap<string, ModelRow>>;
  /** A change of a user; throws when it is refused. */
  change(method: string, path: string, body: object): Promise<void>;
  /** Registers a model with another way to serve it: whoever serves it has to be replaced. */
  serveOtherwise(model: string): Promise<void>;
  stop(): Promise<void>;
}

export async function openSite(cluster: FaultCluster, args: readonly string[]): Promise<Site> {
  const wakefield = await startWakefield({ args: [...cluster.flags, ...args] });
  try {
    const { databaseUrl, redisUrl } = await wakefield.runFile();
    const stores = openStoreWindow({ databaseUrl, redisUrl });
    const change: Site['change'] = async (method, path, body) => {
      const { status, body: answer } = await wakefield.call(method, path, body);
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    };
    let ways = 0;
    const managed = { ...everyModel, hf_model_id: managedModel };
    await change('PUT', '/p/demo/models', managed);
    for (const { model, fields } of situations)
      await change('PUT', '/p/demo/models', { ...everyModel, ...fields, hf_model_id: model });
    const load = createLoad(
      wakefield,
      situations.map(({ model, crowd }) => ({ model, ...crowd })),
      managed,
    );
    return {
      wakefield,
      cluster,
      stores,
      load,
      models: async () => modelsOf(await stores.rows(modelsSql)),
      change,
      async serveOtherwise(name) {
        const fields = situations.find(({ model }) => model === name)?.fields;
        const tokens_per_second = everyModel.engine_args.tokens_per_second + (++ways % 2);
        const engine_args = { ...everyModel.engine_args, tokens_per_second };
        await change('PUT', '/p/demo/models', {
          ...everyModel,
          ...fields,
          engine_args,
          hf_model_id: name,
        });
      },
      async stop() {
        await load.stop();
        await stores.close();
        await wakefield.stop();
      },
    };
  } catch (error) {
    await wakefield.stop();
    throw error;
  }
}

const everyModel = {
  gpu_count: 1,
  engine: 'simulator',
  walltime: 3600,
  idle_timeout: 3600,
  max_replicas: 2,
  engine_args: { load_seconds: 1, tokens_per_second: 40 },
};

const epochMs = (column: string) => `(extract(epoch from j.${column}) * 1000)::float8`;

/** Every model with its live jobs, for {@link modelsOf}. */
export const modelsSql = `
select m.hf_model_id as model, m.idle, m.state, m.replicas, m.reason,
  coalesce(json_agg(json_build_object(
    'id', j.id, 'name', j.name, 'seq', j.seq, 'phase', j.phase, 'clusterJobId', j.cluster_job_id, 'node', j.node,
    'submittedAt', ${epochMs('submitted_at')}, 'startedAt', ${epochMs('started_at')}, 'readyAt', ${epochMs('ready_at')},
    'endsAt', ${epochMs('ends_at')}
  ) order by j.seq) filter (where j.phase <> 'ended'), '[]') as jobs
from models m left join jobs j on j.model_id = m.id
group by m.id`;

export function modelsOf(rows: readonly Record<string, unknown>[]): ReadonlyMap<string, ModelRow> {
  return new Map(
    rows.map((row) => {
      const model = row as unknown as ModelRow;
      return [model.model, model];
    }),
  );
}
