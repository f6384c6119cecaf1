import type { Generation } from './engine.ts';
import { EngineError, invalid, unknownModel } from './engine-error.ts';
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

type Body = Readonly<Record<string, unknown>>;

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
  const model = checkModel(body, options);
  const promptTokens = tokenize(prompt).length;
  const asked = integer(body, limitField, 1, null) ?? integer(body, 'max_tokens', 1, null);
  const room = options.maxModelLen - promptTokens;
  if (room < 1 || (asked ?? 1) > room) throw tooLong(options.maxModelLen, promptTokens, asked ?? 1);
  const streamOptions = record(body.stream_options);
  return {
    model,
    stream: boolean(body, 'stream'),
    includeUsage: streamOptions.include_usage === true,
    continuousUsage: streamOptions.continuous_usage_stats === true,
    generation: {
      prompt,
      promptTokens,
      n: integer(body, 'n', 1, 128) ?? 1,
      sampling: {
        maxTokens: asked ?? room,
        minTokens: integer(body, 'min_tokens', 0, null) ?? 0,
        ignoreEos: boolean(body, 'ignore_eos'),
        stop: stops(body.stop),
      },
    },
  };
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

function record(value: unknown): Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Body)
    : {};
}

function boolean(body: Body, field: string): boolean {
  const value = body[field];
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw invalid(field, 'Input should be a valid boolean');
  return value;
}

function integer(body: Body, field: string, min: number, max: number | null): number | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalid(field, 'Input should be a valid integer');
  }
  if (value < min) throw invalid(field, `Input should be greater than or equal to ${min}`);
  if (max !== null && value > max) {
    throw invalid(field, `Input should be less than or equal to ${max}`);
  }
  return value;
}

function stops(value: unknown): readonly string[] {
  const list = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  if (!list.every((stop): stop is string => typeof stop === 'string')) {
    throw invalid('stop', 'Input should be a valid string');
  }
  return list.filter((stop) => stop !== '');
}
