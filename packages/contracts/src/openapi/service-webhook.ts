import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { type ServiceNoticeJson, serviceNoticeSchema } from '../http/service-notice.ts';

const example: ServiceNoticeJson = {
  type: 'service.ending',
  timestamp: '2026-11-21T10:20:12.000Z',
  data: {
    id: '3652098',
    uuid: '0198f2b4-6f5e-7c3a-9d41-2b7f1c0a9e55',
    name: 'vllm-3f9a1c',
    recipe_name: 'inference/vllm',
    project: 'eu-00-00',
    status: 'running',
    reason: null,
    cluster: 'karolina',
    ends_at: '2026-11-21T10:30:12.000Z',
  },
};

/** What we call, and others answer. */
export const serviceWebhook: RouteConfig = {
  method: 'post',
  path: 'service',
  operationId: 'serviceNotice',
  tags: ['Services'],
  summary: 'What happens to services, told to SERVICE_WEBHOOK_URL',
  description:
    'Signed by Standard Webhooks 1.0.0, with `SERVICE_WEBHOOK_SECRET`. Each is sent at least once; `webhook-id` stays the same. What is not answered with 2xx within 10 s is sent again, for a day.',
  security: [],
  request: {
    headers: z.object({
      'webhook-id': z.string().meta({ description: 'Of the notice, the same in every try.' }),
      'webhook-timestamp': z.string().meta({ description: 'Unix time of this try, in seconds.' }),
      'webhook-signature': z.string().meta({
        description:
          '`v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`.',
      }),
    }),
    body: {
      required: true,
      content: { 'application/json': { schema: serviceNoticeSchema, example } },
    },
  },
  responses: { '2XX': { description: 'It has been taken. Nothing else of the answer is read.' } },
};
