import { acceptedSchema } from '../http/commands.ts';
import {
  listModelsQuery,
  registerModelBody,
  scaleModelBody,
  sleepModelBody,
  unregisterModelBody,
  unregisterModelQuery,
  wakeModelBody,
} from '../http/model-request.ts';
import { modelListSchema, modelSchema } from '../http/model-response.ts';
import type { Endpoint, EndpointAnswer } from './endpoint.ts';
import { appliedCommand, busyModel, sleepingModel, wokenModel } from './examples.ts';
import {
  modelParams,
  mutationErrors,
  mutationHeaders,
  pageHeaders,
  pendingAnswer,
  projectParams,
  readErrors,
  replayed,
} from './parameters.ts';

const hf_model_id = 'Qwen/Qwen3-8B';
const replayHeader = { 'Idempotency-Replayed': replayed };
const commandErrors: Endpoint['errors'] = [...mutationErrors, 'model_not_found'];

const commandAnswer: EndpointAnswer = {
  ...pendingAnswer,
  description: 'Accepted. `status` says whether it has been applied already.',
  schema: acceptedSchema,
  example: { command: appliedCommand },
};

export const modelEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/p/{project}/models',
    operationId: 'listModels',
    tag: 'Models',
    summary: 'All models registered for the project',
    params: projectParams,
    query: listModelsQuery,
    answers: {
      200: {
        description: 'Models by hf_model_id; all of them where no `limit` is given.',
        schema: modelListSchema,
        example: [busyModel],
        headers: pageHeaders,
      },
    },
    errors: readErrors,
  },
  {
    method: 'get',
    path: '/p/{project}/models/{hf_model_id}',
    operationId: 'getModel',
    tag: 'Models',
    summary: 'One model',
    params: modelParams,
    answers: { 200: { description: 'The model.', schema: modelSchema, example: busyModel } },
    errors: [...readErrors, 'model_not_found'],
  },
  {
    method: 'put',
    path: '/p/{project}/models',
    operationId: 'registerModel',
    tag: 'Models',
    summary: 'Register a model, or change it',
    description:
      'A new model is asleep; it is loaded when someone wakes it or sends it a request. Fields that are left out have their defaults. A change that running jobs cannot follow (engine, GPUs, arguments, resources, a cluster that is not named any more) replaces them one after the other, without a gap.',
    params: projectParams,
    headers: mutationHeaders,
    body: {
      schema: registerModelBody,
      required: true,
      examples: {
        'the least': { hf_model_id, gpu_count: 1 },
        everything: {
          hf_model_id,
          gpu_count: 2,
          engine: 'vllm',
          walltime: 7200,
          walltime_ratio: 0.9,
          idle_timeout: 900,
          autoscale: true,
          is_refreshing: true,
          clusters: ['karolina', 'lumi'],
          min_replicas: 1,
          max_replicas: 4,
          engine_args: { max_model_len: 8192 },
          resources: { nodes: 1, cpus: 16, memory: '64G' },
          timeouts: { connect: 5, first_byte: 120, between_bytes: 60, total: 1800 },
          limits: { requests_per_minute: 600, tokens_per_minute: 500_000, concurrent_requests: 64 },
        },
      },
    },
    answers: {
      200: {
        description: 'Changed.',
        schema: modelSchema,
        example: sleepingModel,
        headers: replayHeader,
      },
      201: {
        description: 'Registered, asleep.',
        schema: modelSchema,
        example: sleepingModel,
        headers: { Location: 'The path of the model.', ...replayHeader },
      },
      202: pendingAnswer,
    },
    errors: mutationErrors,
  },
  {
    method: 'post',
    path: '/p/{project}/models',
    operationId: 'wakeModel',
    tag: 'Models',
    summary: 'Load a model',
    description:
      'Wakes the model: a job is created unless one is there already. Also starts the idle timeout anew and clears a failure.',
    params: projectParams,
    headers: mutationHeaders,
    body: { schema: wakeModelBody, required: true, examples: { wake: { hf_model_id } } },
    answers: {
      200: {
        description: 'Awake.',
        schema: modelSchema,
        example: wokenModel,
        headers: replayHeader,
      },
      202: pendingAnswer,
    },
    errors: commandErrors,
  },
  {
    method: 'delete',
    path: '/p/{project}/models',
    operationId: 'unregisterModel',
    tag: 'Models',
    summary: 'Unregister a model',
    description:
      'Running jobs go on until they finish, unless `stop=true`. Name the model in the query or in the body.',
    params: projectParams,
    query: unregisterModelQuery,
    headers: mutationHeaders,
    body: {
      schema: unregisterModelBody,
      required: false,
      examples: { unregister: { hf_model_id } },
    },
    answers: { 204: { description: 'Unregistered.', headers: replayHeader }, 202: pendingAnswer },
    errors: commandErrors,
  },
  {
    method: 'post',
    path: '/p/{project}/models/scale',
    operationId: 'scaleModel',
    tag: 'Models',
    summary: 'Say how many jobs a model shall have',
    params: projectParams,
    headers: mutationHeaders,
    body: {
      schema: scaleModelBody,
      required: true,
      examples: { two: { hf_model_id, replicas: 2 }, none: { hf_model_id, replicas: 0 } },
    },
    answers: { 202: commandAnswer },
    errors: commandErrors,
  },
  {
    method: 'post',
    path: '/p/{project}/models/sleep',
    operationId: 'sleepModel',
    tag: 'Models',
    summary: 'Put a model to sleep',
    description: 'Its jobs finish the requests that they have, then end.',
    params: projectParams,
    headers: mutationHeaders,
    body: { schema: sleepModelBody, required: true, examples: { sleep: { hf_model_id } } },
    answers: {
      202: {
        ...commandAnswer,
        example: { command: { ...appliedCommand, kind: 'sleep', replicas: null } },
      },
    },
    errors: commandErrors,
  },
];
