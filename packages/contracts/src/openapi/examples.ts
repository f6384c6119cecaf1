import type { QueuesJson } from '../http/about.ts';
import type { CommandJson } from '../http/commands.ts';
import type { ModelJson } from '../http/model-response.ts';
import type { ProjectDetailsJson, ProjectJson } from '../http/projects.ts';

const created = '2026-11-20T16:02:11.408Z';

export const sleepingModel: ModelJson = {
  hf_model_id: 'Qwen/Qwen3-8B',
  project: 'eu-00-00',
  gpu_count: 1,
  engine: 'vllm',
  walltime: 3600,
  walltime_ratio: 0.9,
  idle_timeout: 600,
  autoscale: false,
  is_refreshing: true,
  cluster: 'karolina',
  clusters: ['karolina'],
  min_replicas: 0,
  max_replicas: 4,
  engine_args: { max_model_len: 8192 },
  resources: { nodes: 1, cpus: null, memory: null },
  timeouts: { connect: null, first_byte: null, between_bytes: null, total: null },
  routing: { policy: 'prefix', session_header: 'x-session-id', weights: {} },
  limits: { requests_per_minute: null, tokens_per_minute: null, concurrent_requests: null },
  state: 'not_loaded',
  reason: null,
  idle: true,
  replicas: 1,
  last_wakeup: null,
  last_request: null,
  created_at: created,
  updated_at: created,
  expected_start: null,
  expected_ready: null,
  jobs: [],
};

export const wokenModel: ModelJson = {
  ...sleepingModel,
  state: 'queued',
  idle: false,
  last_wakeup: '2026-11-21T08:30:00.000Z',
  updated_at: '2026-11-21T08:30:00.000Z',
};

export const busyModel: ModelJson = {
  ...wokenModel,
  state: 'busy',
  last_request: '2026-11-21T08:41:17.000Z',
  jobs: [
    {
      id: '0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11',
      state: 'busy',
      cluster: 'karolina',
      cluster_job_id: '4711',
      node: 'acn03',
      submitted_at: '2026-11-21T08:30:01.204Z',
      started_at: '2026-11-21T08:30:12.000Z',
      ends_at: '2026-11-21T09:30:12.000Z',
      reason: null,
      successor_of: null,
      draining: false,
      expected_start: null,
      metrics: { gpu_utilization: 71, waiting_requests: 0, running_requests: 3 },
    },
  ],
};

export const acceptedCommand: CommandJson = {
  id: '0199f7c9-1d0e-7a40-8f0e-5b1d2c3a4e5f',
  project: 'eu-00-00',
  kind: 'scale',
  hf_model_id: 'Qwen/Qwen3-8B',
  service_uuid: null,
  replicas: 2,
  cluster: null,
  status: 'accepted',
  created: null,
  error: null,
  by: 'local',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  accepted_at: '2026-11-21T08:45:00.120Z',
  finished_at: null,
};

export const appliedCommand: CommandJson = {
  ...acceptedCommand,
  status: 'applied',
  created: false,
  finished_at: '2026-11-21T08:45:00.134Z',
};

export const project: ProjectJson = {
  project: 'eu-00-00',
  clusters: [
    {
      name: 'karolina',
      reachable: true,
      observed_at: '2026-11-21T08:44:58.000Z',
      error: null,
    },
  ],
  created_at: created,
  updated_at: created,
};

export const projectDetails: ProjectDetailsJson = {
  ...project,
  models: { total: 3, not_loaded: 2, queued: 0, loading: 0, ready: 0, busy: 1, failed: 0 },
};

export const queues: QueuesJson = {
  queues: [
    {
      name: 'commands',
      waiting: 0,
      active: 1,
      delayed: 0,
      completed: 0,
      failed: 0,
      oldest_waiting_seconds: 0,
      processed_total: 4711,
      failed_total: 3,
    },
  ],
};
