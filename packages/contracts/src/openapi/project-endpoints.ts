import { commandListSchema, commandSchema, listCommandsQuery } from '../http/commands.ts';
import {
  activateProjectBody,
  projectDetailsSchema,
  projectListSchema,
  projectSchema,
} from '../http/projects.ts';
import type { Endpoint } from './endpoint.ts';
import { acceptedCommand, appliedCommand, project, projectDetails } from './examples.ts';
import {
  commandParams,
  mutationErrors,
  mutationHeaders,
  pageHeaders,
  pendingAnswer,
  projectParams,
  readErrors,
  replayed,
} from './parameters.ts';

export const projectEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/p',
    operationId: 'listProjects',
    tag: 'Projects',
    summary: 'List the projects that the caller has access to',
    answers: {
      200: {
        description: 'Projects by name.',
        schema: projectListSchema,
        example: [project],
        headers: {
          'X-Default-Project':
            'The project that you mean by starting a service without `X-Project`; absent where there is none.',
        },
      },
    },
    errors: ['invalid_request', 'store_unavailable'],
  },
  {
    method: 'post',
    path: '/p',
    operationId: 'activateProject',
    tag: 'Projects',
    summary: 'Activate a project for inference on a cluster',
    description:
      'The cluster is asked first whether it would accept a job of that account. Activating it again is no error; activating it on a further cluster adds that one.',
    headers: mutationHeaders,
    body: {
      schema: activateProjectBody,
      required: true,
      examples: {
        'on the first cluster': { project: 'eu-00-00' },
        'on a cluster': { project: 'eu-00-00', cluster: 'karolina' },
      },
    },
    answers: {
      200: {
        description: 'It was active already.',
        schema: projectSchema,
        example: project,
        headers: { 'Idempotency-Replayed': replayed },
      },
      201: {
        description: 'Activated.',
        schema: projectSchema,
        example: project,
        headers: {
          Location: 'The path of the project.',
          'Idempotency-Replayed': replayed,
        },
      },
      202: pendingAnswer,
    },
    errors: [...mutationErrors, 'cluster_not_found', 'cluster_refused', 'cluster_unreachable'],
  },
  {
    method: 'get',
    path: '/p/{project}',
    operationId: 'getProject',
    tag: 'Projects',
    summary: 'Details of a project',
    params: projectParams,
    answers: {
      200: {
        description: 'Its clusters, as last seen, and its models by state.',
        schema: projectDetailsSchema,
        example: projectDetails,
      },
    },
    errors: readErrors,
  },
  {
    method: 'get',
    path: '/p/{project}/commands',
    operationId: 'listCommands',
    tag: 'Commands',
    summary: 'Commands of a project, newest first',
    params: projectParams,
    query: listCommandsQuery,
    answers: {
      200: {
        description: 'At most `limit` commands (50 where it is not given).',
        schema: commandListSchema,
        example: [acceptedCommand],
        headers: pageHeaders,
      },
    },
    errors: [...readErrors, 'command_not_found'],
  },
  {
    method: 'get',
    path: '/p/{project}/commands/{id}',
    operationId: 'getCommand',
    tag: 'Commands',
    summary: 'What became of a command',
    params: commandParams,
    answers: {
      200: {
        description: 'The command as it stands.',
        schema: commandSchema,
        example: appliedCommand,
      },
    },
    errors: [...readErrors, 'command_not_found'],
  },
];
