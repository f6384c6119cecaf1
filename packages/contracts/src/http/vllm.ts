import { z } from 'zod';

/** Body of `POST /api/v1/vllm/{id}/prompt`. */
export const promptBody = z
  .strictObject({
    prompt: z.string().min(1).meta({ example: 'Tell me a joke about programming' }),
    model: z.string().min(1).max(200).optional().meta({
      description: 'One of its models. Left out: the one that it has.',
      example: 'gpt2',
    }),
    max_tokens: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({ description: 'Longest answer. Left out: as the engine has it.', example: 100 }),
    temperature: z.number().min(0).max(2).optional().meta({ example: 0.7 }),
  })
  .meta({ id: 'Prompt' });
export type PromptBody = z.output<typeof promptBody>;

const tokens = z.int().min(0);

/** What the model made of a prompt. */
export const promptAnswerSchema = z
  .strictObject({
    id: z
      .string()
      .meta({ description: 'Of the service, as it was asked for.', example: '3652098' }),
    model: z.string().meta({ example: 'gpt2' }),
    text: z
      .string()
      .meta({ example: 'Why do programmers prefer dark mode? Because light attracts bugs.' }),
    finish_reason: z.string().nullable().meta({
      description: "The engine's: `stop`, or `length` at `max_tokens`.",
      example: 'stop',
    }),
    usage: z
      .strictObject({ prompt_tokens: tokens, completion_tokens: tokens, total_tokens: tokens })
      .nullable()
      .meta({
        description: 'As the engine counts; null where it does not say.',
        example: { prompt_tokens: 7, completion_tokens: 14, total_tokens: 21 },
      }),
  })
  .meta({ id: 'PromptAnswer' });
export type PromptAnswerJson = z.output<typeof promptAnswerSchema>;

/** Models of a running vLLM service. */
export const vllmModelsSchema = z
  .strictObject({
    id: promptAnswerSchema.shape.id,
    models: z.array(z.string()).meta({ example: ['gpt2'] }),
  })
  .meta({ id: 'VllmModels' });
