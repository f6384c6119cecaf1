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

const queueSchema = z
  .strictObject({
    name: z.string().meta({ example: 'commands' }),
    waiting: count,
    active: count,
    delayed: count,
    completed: count.meta({ description: 'Finished and kept for people to look at.', example: 20 }),
    failed: count.meta({ description: 'Failed and kept for people to look at.', example: 0 }),
    oldest_waiting_seconds: z
      .number()
      .min(0)
      .meta({ description: 'Age of the job that waits longest; 0 when none waits.', example: 0 }),
    processed_total: count.meta({
      description: 'Runs that ended, failed ones included.',
      example: 4711,
    }),
    failed_total: count.meta({ description: 'Runs that failed.', example: 3 }),
  })
  .meta({ id: 'Queue' });

export const queuesSchema = z.strictObject({ queues: z.array(queueSchema) }).meta({ id: 'Queues' });
export type QueuesJson = z.output<typeof queuesSchema>;
