import { z } from 'zod';

const role = z.enum(['viewer', 'user', 'manager', 'admin']);

/** Who is signed in here, and how to. */
export const sessionSchema = z
  .strictObject({
    sign_in: z
      .array(
        z.strictObject({
          name: z.string().meta({ example: 'lexis' }),
          title: z.string().meta({ example: 'LEXIS Platform' }),
        }),
      )
      .meta({ description: 'Where a browser can sign in; empty where that is not configured.' }),
    user: z
      .strictObject({
        id: z.string().meta({ description: 'As commands and the log name it.' }),
        grants: z
          .array(z.strictObject({ project: z.string(), role }))
          .meta({ description: 'What the caller may do; project `*` is every project.' }),
      })
      .nullable()
      .meta({ description: 'null: nobody is signed in.' }),
  })
  .meta({ id: 'Session' });
export type SessionJson = z.output<typeof sessionSchema>;
