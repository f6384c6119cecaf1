import { invalid } from './engine-error.ts';
import type { SimulatorOptions } from './options.ts';
import { checkModel } from './request.ts';
import { embed, tokenize } from './text.ts';

const defaultDimensions = 64;

type Body = Readonly<Record<string, unknown>>;

/**
 * Answers `/v1/embeddings`: one unit vector an input, as numbers or as base64 of little-endian float32
 * (which the official clients ask for by default).
 * @throws EngineError 400 or 404
 */
export function embeddingsAnswer(body: Body, options: SimulatorOptions, id: string, at: number) {
  const model = checkModel(body, options);
  const inputs = inputTexts(body.input);
  const format = body.encoding_format ?? 'float';
  if (format !== 'float' && format !== 'base64') {
    throw invalid('encoding_format', "Input should be 'float' or 'base64'");
  }
  const dimensions = dimensionsOf(body.dimensions);
  const tokens = inputs.reduce((sum, text) => sum + tokenize(text).length, 0);
  return {
    id: `embd-${id}`,
    object: 'list',
    created: at,
    model,
    data: inputs.map((text, index) => {
      const vector = embed(text, dimensions);
      return {
        index,
        object: 'embedding',
        embedding: format === 'base64' ? base64(vector) : [...vector],
      };
    }),
    usage: { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0 },
  };
}

/** A text, texts, one list of token ids, or several: a list of ids stands for the text of its numbers. */
function inputTexts(input: unknown): readonly string[] {
  if (input === undefined) throw invalid('input', 'Field required');
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) {
    throw invalid('input', 'Input should be a valid list');
  }
  if (input.every((item) => typeof item === 'number')) return [input.join(' ')];
  return input.map((item: unknown) => {
    if (typeof item === 'string') return item;
    if (Array.isArray(item)) return item.join(' ');
    throw invalid('input', 'Input should be a valid string');
  });
}

function dimensionsOf(value: unknown): number {
  if (value === undefined || value === null) return defaultDimensions;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 8192) {
    throw invalid('dimensions', 'Input should be an integer from 1 to 8192');
  }
  return value;
}

function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes.toString('base64');
}
