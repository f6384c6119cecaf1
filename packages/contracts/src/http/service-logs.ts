import { z } from 'zod';
import { instant, uuid } from './fields.ts';
import { serviceQuery } from './services.ts';

/** Lines where `tail` is not given. */
const DEFAULT_LINES = 200;
/** What is known of a log at most: its last MiB. */
export const LONGEST_LOG_BYTES = 1 << 20;

/** Query of `GET /api/v1/services/{id}/logs`. */
export const serviceLogsQuery = serviceQuery.extend({
  tail: z
    .string()
    .regex(/^(all|\d{1,6})$/, { error: 'must be a number of lines (at most 999999), or all' })
    .optional()
    .meta({
      description: `Lines from the end, ${DEFAULT_LINES} where it is not given; \`all\`: as many as there are within \`bytes\`.`,
      example: '200',
    }),
  bytes: z
    .string()
    .regex(/^[1-9]\d{0,6}$/)
    .refine((text) => Number(text) <= LONGEST_LOG_BYTES)
    .optional()
    .meta({
      description: `Bytes of log from the end at most, up to ${LONGEST_LOG_BYTES}, which is the default.`,
      example: undefined,
    }),
  follow: z.enum(['1', 'true', '0', 'false']).optional().meta({
    description:
      '`1`: server-sent events, the lines as with `tail` first, then what comes, until the service is over.',
    example: undefined,
  }),
});

export interface LogWish {
  readonly lines: number;
  readonly bytes: number;
  readonly follow: boolean;
}

/** What such a query asks for. */
export function logWish(query: z.output<typeof serviceLogsQuery>): LogWish {
  const { tail = String(DEFAULT_LINES), bytes, follow } = query;
  return {
    lines: tail === 'all' ? Number.POSITIVE_INFINITY : Number(tail),
    bytes: bytes === undefined ? LONGEST_LOG_BYTES : Number(bytes),
    follow: follow === '1' || follow === 'true',
  };
}

/** The log of a service as JSON. */
export const serviceLogSchema = z
  .strictObject({
    id: z.string().meta({ description: 'Of the service.', example: '3652098' }),
    uuid,
    job_id: z.string().nullable().meta({
      description: 'Id of the job whose log it is, on its cluster; null: it has none yet.',
      example: '3652098',
    }),
    log: z.string().meta({
      description: 'Standard output and standard error in the order in which they came.',
      example:
        'wakefield: starting the engine on port 21007\nINFO: Started server process [4711]\n',
    }),
    truncated: z.boolean().meta({ description: 'There was more before it.', example: false }),
    over: z.boolean().meta({ description: 'The job is over: nothing more comes.', example: false }),
    read_at: instant.nullable().meta({ description: 'When the cluster told it. null: never.' }),
    position: z.string().nullable().meta({
      description: 'Where it ends: as `Last-Event-ID` of `?follow=1`, what comes after it.',
      example: '1-15034',
    }),
    note: z.string().nullable().meta({
      description: 'Why there is no log, or none of now, in words; null: nothing to say.',
      example: null,
    }),
  })
  .meta({ id: 'ServiceLog' });
export type ServiceLogJson = z.output<typeof serviceLogSchema>;
