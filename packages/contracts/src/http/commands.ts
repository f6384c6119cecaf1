import { z } from 'zod';
import { clusterName, hfModelId, instant, limitParameter, projectName, uuid } from './fields.ts';

/** An accepted wish to change something, and what became of it. */
export const commandSchema = z
  .strictObject({
    id: uuid,
    project: projectName,
    kind: z.enum([
      'activate',
      'register',
      'unregister',
      'wake',
      'sleep',
      'scale',
      'start_service',
      'stop_service',
    ]),
    hf_model_id: hfModelId.nullable(),
    service_uuid: uuid
      .nullable()
      .meta({ description: 'Of `start_service` and `stop_service`.', example: null }),
    replicas: z.int().nullable().meta({ description: 'Of `scale`.', example: null }),
    cluster: clusterName.nullable().meta({ description: 'Of `activate`.', example: null }),
    status: z
      .enum(['accepted', 'applied', 'rejected'])
      .meta({ description: '`accepted`: not yet looked at by the scheduler.' }),
    created: z
      .boolean()
      .nullable()
      .meta({ description: 'Once applied: whether it made something new.', example: false }),
    error: z
      .strictObject({
        code: z.string(),
        message: z.string(),
        param: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'Once rejected: why.', example: null }),
    by: z.string().meta({ description: 'Who asked for it.', example: 'local' }),
    trace_id: z.string().meta({ example: '4bf92f3577b34da6a3ce929d0e0e4736' }),
    accepted_at: instant,
    finished_at: instant.nullable(),
  })
  .meta({ id: 'Command' });
export type CommandJson = z.output<typeof commandSchema>;

export const commandListSchema = z.array(commandSchema);

/** Body of every 202. */
export const acceptedSchema = z.strictObject({ command: commandSchema }).meta({ id: 'Accepted' });
export type AcceptedJson = z.output<typeof acceptedSchema>;

export const listCommandsQuery = z.strictObject({
  limit: limitParameter(200),
  after: uuid
    .optional()
    .meta({ description: 'The command id after which to go on.', example: undefined }),
});

/** `Idempotency-Key`: the same key with the same request gives the same answer, and acts once. */
export const idempotencyKey = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\x21-\x7e]+$/, { error: 'must hold printable ASCII characters without spaces' });
