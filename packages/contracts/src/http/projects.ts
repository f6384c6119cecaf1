import { z } from 'zod';
import { clusterName, instant, projectName } from './fields.ts';

/** Body of `POST /p`. */
export const activateProjectBody = z
  .strictObject({
    project: projectName,
    cluster: clusterName.nullable().default(null).meta({
      description: 'Cluster to activate it on. null: the first of the configuration.',
      example: 'local',
    }),
  })
  .meta({ id: 'ActivateProject' });

const activationStep = z
  .strictObject({
    step: z.string().meta({ example: 'template wakefield' }),
    status: z.enum(['done', 'failed']),
    detail: z.string().meta({ example: 'made; it is template 101, as it should be' }),
    remedy: z
      .string()
      .nullable()
      .meta({ description: 'What a person has to do or to ask for.', example: null }),
  })
  .meta({ id: 'ActivationStep' });

const activation = z
  .strictObject({
    cluster: clusterName,
    at: instant,
    steps: z.array(activationStep).meta({ description: 'In order; one that failed is the last.' }),
  })
  .meta({ id: 'Activation' });

const projectCluster = z
  .strictObject({
    name: clusterName,
    reachable: z.boolean().nullable().meta({
      description: 'Whether it answered when it was last looked at; null before the first look.',
      example: true,
    }),
    observed_at: instant.nullable(),
    error: z
      .string()
      .nullable()
      .meta({ description: 'What it said when it did not answer.', example: null }),
  })
  .meta({ id: 'ProjectCluster' });

const projectFields = {
  project: projectName,
  clusters: z
    .array(projectCluster)
    .meta({ description: 'Where it is activated; the first is its default.' }),
  activations: z.array(activation).optional().meta({
    description:
      'What the last try to activate it on each cluster found and did, failed ones too. Not in lists of projects.',
  }),
  created_at: instant,
  updated_at: instant,
};

export const projectSchema = z.strictObject(projectFields).meta({ id: 'Project' });
export type ProjectJson = z.output<typeof projectSchema>;

export const projectListSchema = z.array(projectSchema);

export const projectDetailsSchema = z
  .strictObject({
    ...projectFields,
    models: z
      .strictObject({
        total: z.int(),
        not_loaded: z.int(),
        queued: z.int(),
        loading: z.int(),
        ready: z.int(),
        busy: z.int(),
        failed: z.int(),
      })
      .meta({
        description: 'Registered models by state.',
        example: {
          total: 3,
          not_loaded: 2,
          queued: 0,
          loading: 0,
          ready: 0,
          busy: 1,
          failed: 0,
        },
      }),
  })
  .meta({ id: 'ProjectDetails' });
export type ProjectDetailsJson = z.output<typeof projectDetailsSchema>;
