import { z } from 'zod';
import { type ServiceLogJson, serviceLogSchema, serviceLogsQuery } from '../http/service-logs.ts';
import { serviceParams } from '../http/services.ts';
import type { Endpoint } from './endpoint.ts';
import { readErrors } from './parameters.ts';
import { ambiguous, projectHeader } from './services-endpoints.ts';
import { runningService } from './services-examples.ts';

const log =
  'wakefield: starting the engine on port 21007\nINFO: Started server process [4711]\nINFO: Uvicorn running on http://0.0.0.0:21007\n';

const example: ServiceLogJson = {
  id: runningService.id,
  uuid: runningService.uuid,
  job_id: runningService.id,
  log,
  truncated: false,
  over: false,
  read_at: '2026-11-21T08:31:40.210Z',
  position: '1-132',
  note: null,
};

const events = `retry: 2000

id: 1-132
event: log
data: INFO: Started server process [4711]
data: INFO: Uvicorn running on http://0.0.0.0:21007

: still here

id: 1-132
event: end
data: {"status":"stopped","reason":null}

`;

export const serviceLogsEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/v1/services/{id}/logs',
    operationId: 'getServiceLogs',
    tag: 'Services',
    summary: 'The log of a service, once or as it is written',
    description: `Standard output and standard error of its job, in the order in which they came, from its cluster; of several jobs (\`keep\`) the newest that has started. Plain text, or JSON where \`Accept\` prefers \`application/json\`. Where it has no job or no log yet the answer is empty, and \`X-Log-Note\` (\`note\`) says why. While the cluster is silent, what was read of the log in the last minute is told with a note, and 503 \`cluster_unreachable\` where that is nothing.

With \`?follow=1\` the answer is \`text/event-stream\`: events \`log\` with a \`data\` line for each line of the log, and an \`id\` from which \`Last-Event-ID\` goes on without a gap; \`notice\` (\`{"message"}\`) when the cluster cannot be read, when text was lost, when the next job took over; \`end\` (\`{"status", "reason"}\`) when the service is over and all of it was told. A comment comes every 15 s. A stream ends after an hour at most, and when this process does: clients that come again with \`Last-Event-ID\`, as an EventSource does by itself, miss nothing. 204: there is nothing behind that id, and never will be; an EventSource then stops.`,
    params: serviceParams,
    query: serviceLogsQuery,
    headers: z.object({
      ...projectHeader,
      'Last-Event-ID': z.string().optional().meta({
        description: 'With `follow`: the `id` of the last event that arrived, or `X-Log-Position`.',
        example: undefined,
      }),
    }),
    answers: {
      200: {
        description: 'The end of the log, or all that comes.',
        schema: serviceLogSchema,
        example,
        plainExample: log,
        otherContentType: 'text/event-stream',
        otherExample: events,
        headers: {
          'X-Ambiguous-Id': ambiguous,
          'X-Log-Job-Id': 'Id of the job whose log it is, on its cluster.',
          'X-Log-Truncated': '`true`: there was more before it.',
          'X-Log-Over': '`true`: the job is over, nothing more comes.',
          'X-Log-Position': 'Where it ends, for `Last-Event-ID`.',
          'X-Log-Note': 'Why there is no log, or none of now.',
        },
      },
      204: { description: 'With `Last-Event-ID`: all of it was told, and nothing more comes.' },
    },
    errors: [...readErrors, 'service_not_found', 'cluster_unreachable', 'shutting_down'],
  },
];
