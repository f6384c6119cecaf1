import type { ErrorCode } from '@wakefield/domain';
import { z } from 'zod';
import {
  chatCompletion,
  chatCompletionRequest,
  completionRequest,
  embeddingList,
  embeddingRequest,
  openaiModelList,
  textCompletion,
} from '../openai/schemas.ts';
import type { Endpoint } from './endpoint.ts';
import { projectParams, requestTimeout } from './parameters.ts';

/** As in `projectParams`: registered by `npm start`, so that trying it out works at once. */
const model = 'wakefield/simulator';
const created = 1_795_250_000;

const held =
  "The engine's bytes pass unchanged. A request for a sleeping model wakes it and waits: streamed ones get their headers early and comment lines with the state, others wait silently up to the server's hold time. Errors after the headers of a stream arrive as an event `data: {\"error\": …}`. The engine's own errors pass through.";

const headers = z.object({
  Prefer: z.string().optional().meta({
    description:
      '`wait=N`: wait at most N seconds for a sleeping model; 0 answers at once. Anything else is passed over (RFC 7240 §2).',
  }),
  'X-Request-Timeout': requestTimeout.optional().meta({
    description:
      'Seconds, with up to three decimals, that the request may take in all, waiting for the model included. Lowers what the model may take (`timeouts.total`), and never raises it. After that 504 `total_timeout`, or an event in a stream that has begun.',
    example: '30',
  }),
});

const errors: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_json',
  'forbidden',
  'project_not_found',
  'model_not_found',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limit_exceeded',
  'upstream_error',
  'model_loading',
  'model_failed',
  'overloaded',
  'shutting_down',
  'upstream_timeout',
  'connect_timeout',
  'first_byte_timeout',
  'between_bytes_timeout',
  'total_timeout',
];

const ofTightest = 'of the limit of which the least is left, where one applies';
const rateHeaders: Readonly<Record<string, string>> = {
  'X-RateLimit-Limit-Requests': `Requests per minute, ${ofTightest}.`,
  'X-RateLimit-Remaining-Requests': 'Requests that may come at once now.',
  'X-RateLimit-Reset-Requests': 'How long until all of them may: `8.64s`, `6m0s`.',
  'X-RateLimit-Limit-Tokens': `The same of tokens, ${ofTightest}.`,
  'X-RateLimit-Remaining-Tokens': 'Tokens that may be used at once now.',
  'X-RateLimit-Reset-Tokens': 'How long until all of them may.',
};

function inference(
  part: Pick<Endpoint, 'operationId' | 'summary' | 'body' | 'answers'> & { readonly path: string },
): Endpoint {
  return {
    ...part,
    method: 'post',
    atTheDoor: true,
    path: `/p/{project}/openai/v1/${part.path}`,
    tag: 'OpenAI',
    description: held,
    params: projectParams,
    headers,
    errors,
  };
}

export const openaiEndpoints: readonly Endpoint[] = [
  inference({
    path: 'chat/completions',
    operationId: 'createChatCompletion',
    summary: 'Chat completion',
    body: {
      schema: chatCompletionRequest,
      required: true,
      examples: {
        plain: { model, messages: [{ role: 'user', content: 'Say hello.' }] },
        streamed: { model, messages: [{ role: 'user', content: 'Say hello.' }], stream: true },
      },
    },
    answers: {
      200: {
        description: 'The completion, or its events.',
        schema: chatCompletion,
        headers: rateHeaders,
        example: {
          id: 'chatcmpl-8f2c',
          object: 'chat.completion',
          created,
          model,
          choices: [
            { index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' },
          ],
          usage: { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 },
        },
        otherContentType: 'text/event-stream',
        otherExample: `: wakefield state=loading elapsed=12s\n\ndata: {"id":"chatcmpl-8f2c","object":"chat.completion.chunk","created":${created},"model":"${model}","choices":[{"index":0,"delta":{"content":"Hello!"},"finish_reason":null}]}\n\ndata: [DONE]\n\n`,
      },
    },
  }),
  inference({
    path: 'completions',
    operationId: 'createCompletion',
    summary: 'Text completion',
    body: {
      schema: completionRequest,
      required: true,
      examples: { plain: { model, prompt: 'Once upon a time', max_tokens: 16 } },
    },
    answers: {
      200: {
        description: 'The completion, or its events.',
        schema: textCompletion,
        headers: rateHeaders,
        example: {
          id: 'cmpl-8f2c',
          object: 'text_completion',
          created,
          model,
          choices: [{ index: 0, text: ' there was a lighthouse', finish_reason: 'length' }],
          usage: { prompt_tokens: 4, completion_tokens: 16, total_tokens: 20 },
        },
        otherContentType: 'text/event-stream',
        otherExample: `data: {"id":"cmpl-8f2c","object":"text_completion","created":${created},"model":"${model}","choices":[{"index":0,"text":" there","finish_reason":null}]}\n\ndata: [DONE]\n\n`,
      },
    },
  }),
  inference({
    path: 'embeddings',
    operationId: 'createEmbedding',
    summary: 'Embeddings',
    body: {
      schema: embeddingRequest,
      required: true,
      examples: { plain: { model, input: 'a lighthouse' } },
    },
    answers: {
      200: {
        description: 'One vector per input.',
        schema: embeddingList,
        headers: rateHeaders,
        example: {
          object: 'list',
          model,
          data: [{ object: 'embedding', index: 0, embedding: [0.0123, -0.0456, 0.0789] }],
          usage: { prompt_tokens: 3, total_tokens: 3 },
        },
      },
    },
  }),
  {
    method: 'get',
    atTheDoor: true,
    path: '/p/{project}/openai/v1/realtime',
    operationId: 'openRealtimeSession',
    tag: 'OpenAI',
    summary: 'Realtime session by WebSocket',
    description:
      'For WebSocket clients (RFC 6455): the answer to an offer comes when an engine has taken it; a sleeping model is woken meanwhile. Then frames pass both ways as they are, uncompressed; what is said is between client and engine (vLLM: `session.update`, `input_audio_buffer.append`, …). Pages, which cannot write headers, may send their key as the subprotocol `openai-insecure-api-key.<key>`. Where the engine cannot say goodbye, the session is closed with 1001 (this server goes away), 1008 (over a limit of time) or 1011 (the engine is gone, or takes nothing of what is said). Whatever is refused is an ordinary answer.',
    params: projectParams,
    query: z.object({
      model: z.string().min(1).meta({ description: 'The model.', example: model }),
    }),
    headers,
    answers: {
      101: { description: 'The engine has taken the offer.', headers: rateHeaders },
    },
    errors: [
      'invalid_request',
      'forbidden',
      'not_found',
      'project_not_found',
      'model_not_found',
      'upgrade_required',
      'rate_limit_exceeded',
      'upstream_error',
      'model_loading',
      'model_failed',
      'overloaded',
      'shutting_down',
      'connect_timeout',
      'first_byte_timeout',
      'total_timeout',
    ],
  },
  {
    method: 'get',
    atTheDoor: true,
    path: '/p/{project}/openai/v1/models',
    operationId: 'listOpenAIModels',
    tag: 'OpenAI',
    summary: "Models of the project in OpenAI's shape, asleep ones too",
    params: projectParams,
    answers: {
      200: {
        description: 'All registered models.',
        schema: openaiModelList,
        example: {
          object: 'list',
          data: [{ id: model, object: 'model', created, owned_by: 'demo' }],
        },
      },
    },
    errors: ['forbidden', 'project_not_found', 'shutting_down'],
  },
];
