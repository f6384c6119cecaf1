import { z } from 'zod';
import { projectName } from '../http/fields.ts';
import {
  listServicesQuery,
  serviceListSchema,
  serviceParams,
  serviceQuery,
  serviceSchema,
  serviceStatusSchema,
  startServiceBody,
} from '../http/services.ts';
import type { Endpoint } from './endpoint.ts';
import {
  mutationErrors,
  mutationHeaders,
  pageHeaders,
  pendingAnswer,
  readErrors,
  replayed,
} from './parameters.ts';
import {
  acceptedStart,
  pendingService,
  runningService,
  startExamples,
  stoppingService,
} from './services-examples.ts';

/** Of calls that say of no project in their path. */
export const projectHeader = {
  'X-Project': projectName.optional().meta({
    description:
      'The project. Left out: to start something, your default project (`X-Default-Project` of `GET /p`); else all that you may read.',
    example: undefined,
  }),
};
const headers = z.object(projectHeader);
export const ambiguous =
  'UUIDs of further services of this `id`, with commas; absent where there are none.';
const ofOne = { params: serviceParams, query: serviceQuery, headers } as const;
const oneErrors = [...readErrors, 'service_not_found'] as const;

export const servicesEndpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/v1/services',
    operationId: 'startService',
    tag: 'Services',
    summary: 'Start a service from a recipe',
    description:
      'Checks everything that is said against the recipe and the bounds of the cluster, submits the job, and waits up to 30 s for the id that the cluster gives it. 202 where that takes longer or the cluster does not answer: the service is at `/api/v1/services/<service_uuid of the command>` all the same. 422 `cluster_refused` where the cluster would not take the job; the service is then `failed`.',
    headers: mutationHeaders.extend(projectHeader),
    body: { schema: startServiceBody, required: true, examples: startExamples },
    answers: {
      201: {
        description: 'Its job has an id.',
        schema: serviceSchema,
        example: pendingService,
        headers: { Location: 'The path of the service.', 'Idempotency-Replayed': replayed },
      },
      202: { ...pendingAnswer, example: { command: acceptedStart } },
    },
    errors: [...mutationErrors, 'recipe_not_found', 'cluster_refused'],
  },
  {
    method: 'get',
    path: '/api/v1/services',
    operationId: 'listServices',
    tag: 'Services',
    summary: 'Services of your projects, newest first',
    query: listServicesQuery,
    headers,
    answers: {
      200: {
        description:
          'At most `limit` services (50 where it is not given), also those that are over.',
        schema: serviceListSchema,
        example: [runningService],
        headers: pageHeaders,
      },
    },
    errors: [...readErrors, 'service_not_found'],
  },
  {
    method: 'get',
    path: '/api/v1/services/{id}',
    operationId: 'getService',
    tag: 'Services',
    summary: 'A service: what was asked for, and how it stands',
    ...ofOne,
    answers: {
      200: {
        description: 'The service.',
        schema: serviceSchema,
        example: runningService,
        headers: { 'X-Ambiguous-Id': ambiguous },
      },
    },
    errors: oneErrors,
  },
  {
    method: 'delete',
    path: '/api/v1/services/{id}',
    operationId: 'stopService',
    tag: 'Services',
    summary: 'Stop a service',
    description:
      'Its job is asked to finish, and cancelled after a grace period. Stopping one that is over, or stopping again, changes nothing, but that one that is kept never starts again. By its `uuid` a start that is only accepted is taken back.',
    ...ofOne,
    headers: mutationHeaders.extend(projectHeader),
    answers: {
      200: {
        description: 'The service, `stopping`, or as it was when it was over already.',
        schema: serviceSchema,
        example: stoppingService,
        headers: { 'X-Ambiguous-Id': ambiguous, 'Idempotency-Replayed': replayed },
      },
      202: {
        ...pendingAnswer,
        example: { command: { ...acceptedStart, kind: 'stop_service' } },
        headers: { ...pendingAnswer.headers, 'X-Ambiguous-Id': ambiguous },
      },
    },
    errors: [...oneErrors, 'idempotency_key_reused'],
  },
  {
    method: 'get',
    path: '/api/v1/services/{id}/status',
    operationId: 'getServiceStatus',
    tag: 'Services',
    summary: 'The status of a service',
    ...ofOne,
    answers: {
      200: {
        description: 'The status.',
        schema: serviceStatusSchema,
        example: {
          id: runningService.id,
          uuid: runningService.uuid,
          status: 'running',
          reason: null,
          node: 'acn03',
        },
        headers: { 'X-Ambiguous-Id': ambiguous },
      },
    },
    errors: oneErrors,
  },
];
