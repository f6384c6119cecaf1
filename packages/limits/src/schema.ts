import { defaultLimitRules, defaultQueue } from '@wakefield/domain';
import { duration } from '@wakefield/runtime/yaml';
import { z } from 'zod';

/** null: none. Absent: as in `defaults`. */
const atMost = z.int().min(1).max(1e12).nullable().optional();

const limits = {
  requestsPerMinute: atMost,
  tokensPerMinute: atMost,
  concurrentRequests: atMost,
};

const weight = z.number().min(0.01).max(1000);
const ofPrincipal = z.strictObject({ ...limits, weight: weight.optional() });
const ofOthers = z.strictObject(limits);

const principalId = z.string().min(1).max(300);
const projectName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'has to be the name of a project');
const modelName = z
  .string()
  .max(300)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]*\/.+$/,
    'has to be PROJECT/MODEL, as in eu-00-00/Qwen/Qwen3-8B',
  );

const shortest = 1000;

const queue = z
  .strictObject({
    surplus: z.number().min(1).max(100).default(defaultQueue.surplus),
    perModel: z.int().min(1).max(1_000_000).default(defaultQueue.perModel),
    wait: duration.prefault(defaultQueue.waitMs / 1000),
  })
  .nullable()
  .prefault({});

/** limits.yaml: who may ask for how much, and how those share who have to wait. */
export const limitsFile = z.strictObject({
  burst: duration
    .refine((ms) => ms >= shortest, 'has to be 1s at least')
    .prefault(defaultLimitRules.burstMs / 1000),
  defaults: z
    .strictObject({
      principal: ofPrincipal.prefault({}),
      project: ofOthers.prefault({}),
      model: ofOthers.prefault({}),
    })
    .prefault({}),
  principals: z.record(principalId, ofPrincipal).default({}),
  projects: z.record(projectName, ofOthers).default({}),
  models: z.record(modelName, ofOthers).default({}),
  queue,
});
