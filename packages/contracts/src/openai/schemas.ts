import { z } from 'zod';

// Loose on purpose: requests and answers of engines pass through unchanged, so these say only what a
// caller can rely on with every engine. Shapes: github.com/openai/openai-openapi.

const model = z.string().min(1).meta({
  description: 'The `hf_model_id` of a registered model.',
  example: 'wakefield/simulator',
});
const stream = z
  .boolean()
  .optional()
  .meta({ description: 'Answer as server-sent events.', example: false });

export const chatCompletionRequest = z
  .looseObject({
    model,
    messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).min(1),
    stream,
    max_tokens: z.int().optional(),
    temperature: z.number().optional(),
  })
  .meta({ id: 'ChatCompletionRequest' });

export const completionRequest = z
  .looseObject({
    model,
    prompt: z.union([z.string(), z.array(z.unknown())]),
    stream,
    max_tokens: z.int().optional(),
    temperature: z.number().optional(),
  })
  .meta({ id: 'CompletionRequest' });

export const embeddingRequest = z
  .looseObject({
    model,
    input: z.union([z.string(), z.array(z.unknown())]),
    encoding_format: z.enum(['float', 'base64']).optional(),
  })
  .meta({ id: 'EmbeddingRequest' });

const usage = z.looseObject({
  prompt_tokens: z.int(),
  total_tokens: z.int(),
});

export const chatCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.int(),
        message: z.looseObject({ role: z.string(), content: z.string().nullable() }),
        finish_reason: z.string().nullable(),
      }),
    ),
    usage: usage.optional(),
  })
  .meta({ id: 'ChatCompletion' });

export const textCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal('text_completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.looseObject({ index: z.int(), text: z.string(), finish_reason: z.string().nullable() }),
    ),
    usage: usage.optional(),
  })
  .meta({ id: 'TextCompletion' });

export const embeddingList = z
  .looseObject({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(
      z.looseObject({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    usage,
  })
  .meta({ id: 'EmbeddingList' });

export const openaiModelList = z
  .looseObject({
    object: z.literal('list'),
    data: z.array(
      z.looseObject({
        id: z.string(),
        object: z.literal('model'),
        created: z.int(),
        owned_by: z.string(),
      }),
    ),
  })
  .meta({ id: 'OpenAIModelList' });
