import { z } from 'zod';
import { errorTable } from '../error-table.ts';

const codes = Object.keys(errorTable) as [string, ...string[]];

/** The one envelope of every error. */
export const errorSchema = z
  .strictObject({
    error: z.strictObject({
      message: z.string().meta({ example: 'gpu_count must be at least 1, not 0.' }),
      type: z.enum([
        'invalid_request_error',
        'authentication_error',
        'permission_error',
        'requests',
        'tokens',
        'server_error',
      ]),
      code: z.enum(codes).meta({ example: 'invalid_request' }),
      param: z
        .string()
        .nullable()
        .meta({ description: 'The field at fault, dotted.', example: 'gpu_count' }),
      request_id: z.string().meta({
        description: 'As in the header `X-Request-Id`.',
        example: 'req_01k9yq3t2m8w7v5x4z6a',
      }),
    }),
  })
  .meta({ id: 'Error' });
