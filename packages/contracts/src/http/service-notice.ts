import { z } from 'zod';
import { clusterName, instant } from './fields.ts';
import { serviceSchema } from './services.ts';

/** What a webhook is sent of a service. */
export const serviceNoticeSchema = z
  .strictObject({
    type: z
      .enum([
        ...(['service.running', 'service.ending'] as const),
        ...(['service.stopped', 'service.completed', 'service.failed'] as const),
      ])
      .meta({ example: 'service.ending' }),
    timestamp: instant.meta({ description: 'When it happened, not when it was sent.' }),
    data: serviceSchema
      .pick({ id: true, uuid: true, name: true, recipe_name: true, project: true, ends_at: true })
      .extend({
        status: serviceSchema.shape.status,
        reason: z.string().nullable().meta({
          description: 'As `reason` of the service, without the end of a log.',
          example: null,
        }),
        cluster: clusterName,
      }),
  })
  .meta({ id: 'ServiceNotice' });

export type ServiceNoticeJson = z.output<typeof serviceNoticeSchema>;
