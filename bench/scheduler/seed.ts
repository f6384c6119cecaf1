import { randomUUID } from 'node:crypto';
import { jobName } from '../../packages/domain/src/index.ts';
import type { RecordedJob } from './cluster.ts';

export const installation = 'bench';
export const clusterName = 'recorded';
const project = 'bench';

export interface Sql {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/**
 * Fills an empty, migrated database: `models` registered models, every second one awake with one ready job, as they
 * are a while after their wake-up.
 * @param ports of engines, used in turn
 * @returns what the cluster has to say of the jobs
 */
export async function seed(
  sql: Sql,
  models: number,
  ports: readonly number[],
): Promise<readonly RecordedJob[]> {
  // Whole seconds, as a cluster tells them: nothing seems to have changed at the first look.
  const startedAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
  const endsAt = new Date(startedAt.getTime() + 48 * 3_600_000);
  const rows = Array.from({ length: models }, (_, index) => {
    const id = randomUUID();
    const job: RecordedJob = {
      name: jobName(installation, id, 1),
      clusterJobId: String(index + 1),
      startedAt,
      endsAt,
      port: ports[index % ports.length] ?? 0,
    };
    return { id, hfModelId: `org/model-${index}`, awake: index % 2 === 0, job };
  });
  const awake = rows.filter((row) => row.awake);
  await sql.query('insert into projects (name, created_at, updated_at) values ($1, now(), now())', [
    project,
  ]);
  await sql.query('insert into project_clusters (project, cluster, position) values ($1, $2, 0)', [
    project,
    clusterName,
  ]);
  await sql.query(
    `insert into models (id, project, hf_model_id, cluster, engine, gpu_count, walltime_seconds, walltime_ratio,
       idle_timeout_seconds, autoscale, is_refreshing, max_replicas, engine_args, resources, revision, generation,
       registered, stop_requested, idle, replicas, last_wakeup_at, trace_id, created_at, updated_at, state, next_look_at)
     select id::uuid, $1, name, $2, 'simulator', 1, 172800, 0.9, 86400, true, true, 4, '{}',
       '{"nodes":1,"cpus":null,"memory":null}', 1, 1, true, false, not awake, 1, now(), '', now(), now(),
       case when awake then 'ready' else 'not_loaded' end,
       now() + case when awake then interval '15 seconds' * random() else interval '1 hour' end
     from unnest($3::text[], $4::text[], $5::boolean[]) as given (id, name, awake)`,
    [
      project,
      clusterName,
      rows.map(({ id }) => id),
      rows.map(({ hfModelId }) => hfModelId),
      rows.map((row) => row.awake),
    ],
  );
  await sql.query(
    `insert into jobs (id, model_id, project, cluster, seq, name, revision, phase, walltime_seconds, gpu_count, cluster_job_id,
       node, address_host, address_port, capacity, intended_at, submitted_at, started_at, ends_at, ready_at, engine_key)
     select gen_random_uuid(), model::uuid, $1, $2, 1, name, 1, 'ready', 172800, 1, cluster_job_id,
       'cn01', '127.0.0.1', port, 64, $3, $3, $3, $4, $3, 'key'
     from unnest($5::text[], $6::text[], $7::text[], $8::int[]) as given (model, name, cluster_job_id, port)`,
    [
      project,
      clusterName,
      startedAt,
      endsAt,
      awake.map(({ id }) => id),
      awake.map(({ job }) => job.name),
      awake.map(({ job }) => job.clusterJobId),
      awake.map(({ job }) => job.port),
    ],
  );
  await sql.query('analyze');
  return awake.map(({ job }) => job);
}
