import { z } from 'zod';
import { instant } from './fields.ts';

/** A link by which a browser may open a service. */
export const visitSchema = z
  .strictObject({
    url: z.string().meta({ description: 'Good once.' }),
    expires_at: instant,
  })
  .meta({ id: 'Visit' });
export type VisitJson = z.output<typeof visitSchema>;
