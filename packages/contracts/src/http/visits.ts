import { z } from 'zod';
import { instant } from './fields.ts';
import { serviceQuery } from './services.ts';

/** A link by which a browser may open a service. */
export const visitSchema = z
  .strictObject({
    url: z.string().meta({ description: 'Good once.' }),
    expires_at: instant,
  })
  .meta({ id: 'Visit' });
export type VisitJson = z.output<typeof visitSchema>;

/** A segment that is `.` or `..`, written plainly or not. */
const upwards = /\/(\.|%2e){1,2}(?=[/?\\]|%2f|$)/i;

/** Query of `POST /api/v1/services/{id}/visits`. */
export const visitQuery = serviceQuery.extend({
  path: z
    .string()
    .max(2000)
    .regex(/^\/[!"$-[\]-~]*$/, { error: 'must be a path like "/lab", with a query or without' })
    .refine((path) => !upwards.test(path), { error: 'must not lead out of the service by . or ..' })
    .optional()
    .meta({
      description: 'What of it to open. Left out: the `page` that its recipe names, else `/`.',
      example: undefined,
    }),
});
