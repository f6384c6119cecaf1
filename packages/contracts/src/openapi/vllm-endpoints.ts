import type { ErrorCode } from '@wakefield/domain';
import { z } from 'zod';
import { projectName, serviceId } from '../http/fields.ts';
import {
  listVllmServicesQuery,
  serviceListSchema,
  serviceParams,
  serviceQuery,
} from '../http/services.ts';
import { visitQuery, visitSchema } from '../http/visits.ts';
import { promptAnswerSchema, promptBody, vllmModelsSchema } from '../http/vllm.ts';
import type { Endpoint } from './endpoint.ts';
import { pageHeaders, readErrors, requestTimeout } from './parameters.ts';
import { ambiguous } from './services-endpoints.ts';
import { runningService } from './services-examples.ts';

const headers = z.object({
  'X-Project': projectName.optional().meta({
    description: 'Only services of this project. Left out: all that are yours.',
    example: undefined,
  }),
});

/** Of what engines are asked on behalf of callers. */
const askHeaders = headers.extend({
  'X-Request-Timeout': requestTimeout.optional().meta({
    description:
      'Seconds, with up to three decimals, that the answer may take in all. Lowers what this installation allows, and never raises it. After that 504 `total_timeout`.',
    example: '30',
  }),
});

/** Of whatever is passed on to a service. */
const errors: readonly ErrorCode[] = [
  ...(['invalid_request', 'forbidden', 'project_not_found', 'service_not_found'] as const),
  ...(['service_not_ready', 'upstream_error', 'connect_timeout', 'shutting_down'] as const),
  ...(['rate_limit_exceeded', 'store_unavailable'] as const),
];

const askErrors: readonly ErrorCode[] = [
  ...errors,
  ...(['first_byte_timeout', 'between_bytes_timeout', 'total_timeout'] as const),
];

const { id, uuid } = runningService;
const visitOrigin = `https://${uuid}.services.example.org`;

/** What is answered by the door itself, as inference is. */
export const vllmEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/v1/vllm/services',
    operationId: 'listVllmServices',
    tag: 'vLLM',
    summary: 'vLLM services that run, with their endpoints',
    description: 'Those of recipe `inference/vllm` in status `running`.',
    query: listVllmServicesQuery,
    headers,
    answers: {
      200: {
        description: 'At most `limit` services (50 where it is not given), newest first.',
        schema: serviceListSchema,
        example: [runningService],
        headers: pageHeaders,
      },
    },
    errors: [...readErrors, 'service_not_found'],
  },
  {
    method: 'get',
    atTheDoor: true,
    path: '/api/v1/vllm/{id}/models',
    operationId: 'listVllmModels',
    tag: 'vLLM',
    summary: 'The models that a vLLM service has loaded',
    params: serviceParams,
    query: serviceQuery,
    headers: askHeaders,
    answers: {
      200: {
        description: 'Their names.',
        schema: vllmModelsSchema,
        example: { id, models: ['gpt2'] },
        headers: { 'X-Ambiguous-Id': ambiguous },
      },
    },
    errors: askErrors,
  },
  {
    method: 'post',
    atTheDoor: true,
    path: '/api/v1/vllm/{id}/prompt',
    operationId: 'promptVllm',
    tag: 'vLLM',
    summary: 'Send a prompt to a vLLM service',
    description:
      'As a chat of one message where the model has a chat template, else as a text completion. 409 `service_not_ready` with its status while it does not run; 400 `invalid_request` where its engine takes no prompts. What the engine itself says with 400, 422 or 429 passes as it is, where it is JSON.',
    params: serviceParams,
    query: serviceQuery,
    headers: askHeaders,
    body: {
      schema: promptBody,
      required: true,
      examples: {
        plain: { prompt: 'Tell me a joke about programming', max_tokens: 100 },
        'advanced options': {
          prompt: 'Write a short haiku about AI',
          model: 'gpt2',
          max_tokens: 64,
          temperature: 0.7,
        },
      },
    },
    answers: {
      200: {
        description: 'What the model made of it.',
        schema: promptAnswerSchema,
        example: {
          id,
          model: 'gpt2',
          text: 'Why do programmers prefer dark mode? Because light attracts bugs.',
          finish_reason: 'stop',
          usage: { prompt_tokens: 7, completion_tokens: 14, total_tokens: 21 },
        },
        headers: { 'X-Ambiguous-Id': ambiguous },
      },
    },
    errors: [
      ...askErrors,
      ...(['invalid_json', 'payload_too_large', 'unsupported_media_type'] as const),
      ...(['request_timeout', 'model_not_found'] as const),
    ],
  },
  {
    method: 'post',
    atTheDoor: true,
    path: '/api/v1/services/{id}/visits',
    operationId: 'inviteVisit',
    tag: 'Services',
    summary: 'A link by which a browser may open the service',
    description:
      'For whoever has a key, which a browser cannot send with a page; one that has signed in is led there by the path of the service itself. The link is good once, within a minute, and leads to an origin of that service alone: its pages can do nothing here in the name of who looks at them. A visit ends after 12 hours, or with the key or session by which the link was asked for. 409 `service_not_ready` with the status while the service does not run, and once it is over; 429 where its caller has as many links and visits as one may have (`MAX_VISITS_PER_CALLER`); 501 `not_supported` where the installation has no such origins (`SERVICES_URL`).',
    params: serviceParams,
    query: visitQuery,
    headers,
    answers: {
      201: {
        description: 'The link.',
        schema: visitSchema,
        example: {
          url: `${visitOrigin}/api/v1/services/${uuid}/proxy/?wakefield_link=nOtAwOrD`,
          expires_at: '2026-11-21T08:31:00.000Z',
        },
        headers: { 'X-Ambiguous-Id': ambiguous },
      },
    },
    errors: [
      ...(['invalid_request', 'forbidden', 'service_not_found', 'service_not_ready'] as const),
      ...(['rate_limit_exceeded', 'not_supported', 'store_unavailable', 'shutting_down'] as const),
    ],
  },
  ...(['get', 'post'] as const).map(
    (method): Endpoint => ({
      method,
      atTheDoor: true,
      path: '/api/v1/services/{id}/proxy/{path}',
      operationId: method === 'get' ? 'getFromService' : 'postToService',
      tag: 'Services',
      summary: `${method === 'get' ? 'GET' : 'POST'} something of the service itself`,
      description:
        "Every method and WebSocket, and any path: they reach the service as they are, with its own key instead of yours, and its answers come back as they are. `{id}` is best its `uuid`, as in `endpoint`: pages of services that know where they are reached know it by that, and the job's id redirects there. A notebook asks for the right to manage, engines for that to infer.",
      params: z.strictObject({
        id: serviceId,
        path: z.string().meta({ description: 'May hold slashes.', example: 'v1/models' }),
      }),
      headers,
      answers: {
        200: {
          description: 'Whatever the service answers.',
          headers: { 'X-Ambiguous-Id': ambiguous },
        },
      },
      errors,
    }),
  ),
];
