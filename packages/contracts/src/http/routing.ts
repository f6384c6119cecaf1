import { defaultRouting } from '@wakefield/domain';
import { z } from 'zod';
import { clusterName, mostClusters } from './fields.ts';

const lightest = 0.01;
const heaviest = 100;

const weights = z
  .record(clusterName, z.number().min(lightest).max(heaviest), {
    error: (issue) => (issue.code === 'invalid_key' ? 'is no legal name of a cluster' : undefined),
  })
  .refine((given) => Object.keys(given).length <= mostClusters, {
    error: `must have at most ${mostClusters} entries`,
  })
  .meta({
    description:
      'How much load a job on a cluster gets beside jobs elsewhere: 2 gets twice as much as 1, which is the default. Names clusters of the model.',
    example: { karolina: 2 },
  });

/** Which of a model's jobs gets a request. */
export const routing = z
  .strictObject({
    policy: z.enum(['least_load', 'prefix', 'session']).default(defaultRouting.policy).meta({
      description:
        '`least_load`: the job with the least to do. `prefix`: one that has seen the beginning of the prompt, so that its engine need not work on it again; for conversations and long system prompts. `session`: the job of the session that a header names. With the last two a job has at most 1.25 times the load of the others.',
      example: 'prefix',
    }),
    session_header: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'must be a legal name of a header' })
      .default(defaultRouting.sessionHeader)
      .meta({
        description:
          'Header whose value is the session, for the policy `session`. Requests without it go where there is the least to do.',
        example: 'x-session-id',
      }),
    weights: weights.default({}),
  })
  .meta({
    description:
      'Which of its jobs gets a request. A change counts for the next request, and no job is replaced for it.',
  });
