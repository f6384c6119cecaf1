import type { CommandJson } from '../http/commands.ts';
import type { ServiceJson } from '../http/services.ts';
import { acceptedCommand } from './examples.ts';

const uuid = '0199f7d2-51b8-7d3c-a5e0-7c9b0e5f1a22';
const created = '2026-11-21T08:30:00.120Z';
const started = '2026-11-21T08:30:12.000Z';
const ends = '2026-11-21T10:30:12.000Z';

/** As the answer to its start has it. */
export const pendingService: ServiceJson = {
  id: '3652098',
  uuid,
  name: 'vllm-3f9a1c',
  recipe_name: 'inference/vllm',
  status: 'pending',
  reason: null,
  project: 'eu-00-00',
  cluster: 'karolina',
  node: null,
  address: null,
  endpoint: `https://ai.example.org/api/v1/services/${uuid}/proxy`,
  model: 'gpt2',
  config: {
    environment: { VLLM_MODEL: 'gpt2' },
    resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
  },
  ignored: {},
  keep: false,
  created_by: 'local',
  created_at: created,
  expected_start: null,
  started_at: null,
  ends_at: null,
  ended_at: null,
  jobs: [
    {
      id: '0199f7d2-5a11-7c02-9d2e-40c1f0aa6b37',
      cluster_job_id: '3652098',
      state: 'pending',
      outcome: null,
      reason: null,
      node: null,
      submitted_at: '2026-11-21T08:30:01.204Z',
      started_at: null,
      ends_at: null,
      ended_at: null,
    },
  ],
};

export const runningService: ServiceJson = {
  ...pendingService,
  status: 'running',
  node: 'acn03',
  address: 'acn03:20117',
  started_at: started,
  ends_at: ends,
  jobs: pendingService.jobs.map((job) => ({
    ...job,
    ...{ state: 'running', node: 'acn03', started_at: started, ends_at: ends },
  })),
};

export const stoppingService: ServiceJson = {
  ...runningService,
  status: 'stopping',
  jobs: runningService.jobs.map((job) => ({ ...job, state: 'stopping' })),
};

/** A start that is not applied yet. */
export const acceptedStart: CommandJson = {
  ...acceptedCommand,
  ...{ id: uuid, kind: 'start_service', hf_model_id: null, service_uuid: uuid, replicas: null },
};

/** Bodies of the seed document, as they stand there. */
export const startExamples = {
  'vLLM as it comes': { recipe_name: 'inference/vllm' },
  'another model': {
    recipe_name: 'inference/vllm',
    config: { environment: { VLLM_MODEL: 'gpt2' } },
  },
  'model and resources': {
    recipe_name: 'inference/vllm',
    config: {
      environment: { VLLM_MODEL: 'gpt2' },
      resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
    },
  },
  'all options': {
    recipe_name: 'inference/vllm',
    config: {
      environment: {
        VLLM_MODEL: 'gpt2',
        VLLM_HOST: '0.0.0.0',
        VLLM_PORT: '8001',
        VLLM_MAX_MODEL_LEN: '2048',
        VLLM_TENSOR_PARALLEL_SIZE: '1',
        VLLM_GPU_MEMORY_UTILIZATION: '0.9',
        CUDA_VISIBLE_DEVICES: '0',
      },
      resources: { nodes: 1, cpu: '2', memory: '32G', time_limit: 15, gpu: '1' },
    },
  },
  'without a GPU': {
    recipe_name: 'inference/vllm',
    config: {
      environment: { VLLM_MODEL: 'gpt2' },
      resources: { nodes: 1, cpu: '4', memory: '16G', gpu: null },
    },
  },
  'a notebook that is kept': {
    recipe_name: 'notebook/jupyter',
    name: 'my-notebook',
    keep: true,
    cluster: 'karolina',
  },
};
