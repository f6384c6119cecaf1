import { z } from 'zod';

/** Version of the HTTP interface; its first number grows when something breaks. */
export const API_VERSION = '1.0';

export const healthSchema = z
  .strictObject({
    status: z.literal('OK').meta({ example: 'OK' }),
    version: z.string().meta({ description: 'Version of Wakefield.', example: '0.1.0' }),
    api_version: z.string().meta({ example: API_VERSION }),
  })
  .meta({ id: 'Health' });
export type HealthJson = z.output<typeof healthSchema>;

const count = z.int().min(0);

export const queueSchema = z
  .strictObject({
    name: z.string().meta({ example: 'commands' }),
    waiting: count,
    active: count,
    delayed: count,
    prioritized: count,
    completed: count,
    failed: count,
    oldest_waiting_seconds: z
      .number()
      .nullable()
      .meta({ description: 'Age of the oldest waiting job; null when none waits.', example: null }),
    workers: count.meta({ description: 'Connected workers.', example: 1 }),
  })
  .meta({ id: 'Queue' });

export const queuesSchema = z.strictObject({ queues: z.array(queueSchema) }).meta({ id: 'Queues' });
export type QueuesJson = z.output<typeof queuesSchema>;
