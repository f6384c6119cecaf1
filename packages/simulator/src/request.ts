import type { Generation } from './engine.ts';
import { EngineError, invalid, unknownModel } from './engine-error.ts';
import { type Body, boolean, demand, integer, number, record } from './fields.ts';
import type { SimulatorOptions } from './options.ts';
import { tokenize } from './text.ts';

/** A chat or text completion request after validation. */
export interface GenerationRequest {
  readonly generation: Generation;
  /** Name that the answer carries. */
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
}

/** The simulator's own; vLLM's comes from VLLM_MAX_N_SEQUENCES. */
const mostChoices = 128;

/** @throws EngineError 400 with vLLM's validation text, 404 for an unknown model */
export function parseChat(body: Body, options: SimulatorOptions): GenerationRequest {
  const messages = body.messages;
  if (messages === undefined) throw invalid('messages', 'Field required');
  if (!Array.isArray(messages)) throw invalid('messages', 'Input should be a valid list');
  return parse(body, messages.map(messageText).join('\n'), 'max_completion_tokens', options);
}

/** @throws EngineError as parseChat */
export function parseCompletion(body: Body, options: SimulatorOptions): GenerationRequest {
  const prompt = body.prompt;
  if (prompt === undefined) throw invalid('prompt', 'Field required');
  const text = Array.isArray(prompt) ? prompt.map(String).join(' ') : prompt;
  if (typeof text !== 'string') throw invalid('prompt', 'Input should be a valid string');
  // OpenAI's completions stop after 16 tokens unless told otherwise, and vLLM's do.
  return parse({ max_tokens: 16, ...body }, text, 'max_tokens', options);
}

/** The name to answer under. SGLang echoes whatever it was asked for. */
export function checkModel(body: Body, options: SimulatorOptions): string {
  const served = options.models[0] ?? 'wakefield/simulator';
  const asked = body.model;
  if (asked === undefined || asked === null) return served;
  if (typeof asked !== 'string') throw invalid('model', 'Input should be a valid string');
  if (options.dialect === 'sglang') return asked;
  if (!options.models.includes(asked)) throw unknownModel(asked);
  return served;
}

function parse(
  body: Body,
  prompt: string,
  limitField: string,
  options: SimulatorOptions,
): GenerationRequest {
  const stream = boolean(body, 'stream');
  // Refused like a wrong type (openai/chat_completion/protocol.py `validate_stream_options`).
  if (body.stream_options && !body.stream) {
    const message = 'Value error, Stream options can only be defined when `stream=True`.';
    throw invalid('stream_options', message, 'stream_options');
  }
  const sampling = samplingOf(body, limitField);
  const n = integer(body, 'n') ?? 1;
  const model = checkModel(body, options);
  checkBounds(body, n, sampling);
  const promptTokens = tokenize(prompt).length;
  const room = options.maxModelLen - promptTokens;
  const asked = sampling.maxTokens;
  if (room < 1 || (asked ?? 1) > room) throw tooLong(options.maxModelLen, promptTokens, asked ?? 1);
  const streamOptions = record(body.stream_options);
  return {
    model,
    stream,
    includeUsage: streamOptions.include_usage === true,
    continuousUsage: streamOptions.continuous_usage_stats === true,
    generation: { prompt, promptTokens, n, sampling: { ...sampling, maxTokens: asked ?? room } },
  };
}

function samplingOf(body: Body, limitField: string) {
  return {
    maxTokens: integer(body, limitField) ?? integer(body, 'max_tokens'),
    minTokens: integer(body, 'min_tokens') ?? 0,
    ignoreEos: boolean(body, 'ignore_eos'),
    stop: stops(body.stop),
  };
}

/** Order and words of vLLM. */
function checkBounds(body: Body, n: number, sampling: ReturnType<typeof samplingOf>): void {
  const { maxTokens, minTokens } = sampling;
  const temperature = number(body, 'temperature') ?? 1;
  const topP = number(body, 'top_p') ?? 1;
  demand(n >= 1, null, `n must be at least 1, got ${n}.`);
  demand(n <= mostChoices, null, `n must be at most ${mostChoices}, got ${n}. `);
  demand(temperature >= 0, 'temperature', `temperature must be non-negative, got ${temperature}.`);
  demand(temperature <= 2, 'temperature', `temperature must be in [0, 2], got ${temperature}.`);
  demand(topP > 0 && topP <= 1, 'top_p', `top_p must be in (0, 1], got ${topP}.`);
  demand((maxTokens ?? 1) >= 1, 'max_tokens', `max_tokens must be at least 1, got ${maxTokens}.`);
  demand(minTokens >= 0, null, `min_tokens must be greater than or equal to 0, got ${minTokens}.`);
  demand(
    minTokens <= (maxTokens ?? minTokens),
    null,
    `min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${minTokens}.`,
  );
}

function tooLong(limit: number, prompt: number, asked: number): EngineError {
  return new EngineError(
    400,
    'BadRequestError',
    `This model's maximum context length is ${limit} tokens. However, you requested ${asked} output tokens and your prompt contains ${prompt} input tokens. Please reduce the length of the input prompt or the number of requested output tokens.`,
    'input_tokens',
  );
}

function messageText(message: unknown): string {
  const { content, role } = record(message);
  if (typeof role !== 'string') throw invalid('messages', 'Input should be a valid message');
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => record(part).text)
    .filter((text) => typeof text === 'string')
    .join(' ');
}

function stops(value: unknown): readonly string[] {
  const list = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  if (!list.every((stop): stop is string => typeof stop === 'string')) {
    throw invalid('stop', 'Input should be a valid string');
  }
  return list.filter((stop) => stop !== '');
}
