import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { scanBody } from './model-name.ts';

/** With the prompt itself, in the place of where it is; but for where its stream_options are: see ask-usage.test.ts. */
function scan(text: string) {
  const bytes = Buffer.from(text);
  const scanned = scanBody(bytes);
  if (!scanned.valid) return scanned;
  const { promptFrom, promptTo, streamOptions: _, ...rest } = scanned;
  const prompt = bytes.toString('utf8', promptFrom, promptTo);
  return prompt === '' ? rest : { ...rest, prompt: JSON.parse(prompt) };
}

/** What JSON.parse makes of the same text. */
function parsed(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { valid: false };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { valid: false };
  const { model, stream, messages, prompt, ...limits } = value as Record<string, unknown>;
  return {
    valid: true,
    model: typeof model === 'string' ? model : null,
    stream: stream === true,
    maxTokens: count(limits.max_completion_tokens) ?? count(limits.max_tokens),
    ...('messages' in value ? { prompt: messages } : 'prompt' in value ? { prompt } : {}),
  };
}

function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null;
}

describe('scanBody', () => {
  it.each([
    ['{"model":"a/b"}', { valid: true, model: 'a/b', stream: false }],
    ['{"stream":true,"model":"a"}', { valid: true, model: 'a', stream: true }],
    [' {\n"model" : "a" ,\t"stream" : false } \r\n', { valid: true, model: 'a', stream: false }],
    ['{}', { valid: true, model: null, stream: false }],
    ['{"model":7}', { valid: true, model: null, stream: false }],
    ['{"model":"a","model":"b"}', { valid: true, model: 'b', stream: false }],
    ['{"model":"a","model":null}', { valid: true, model: null, stream: false }],
    ['{"mod\\u0065l":"a\\"\\u0062"}', { valid: true, model: 'a"b', stream: false }],
    ['{"str\\u0065am":true,"model":"ü"}', { valid: true, model: 'ü', stream: true }],
    ['{"x":{"model":"inner","stream":true}}', { valid: true, model: null, stream: false }],
    ['{"x":"\\\\","model":"a"}', { valid: true, model: 'a', stream: false }],
    [
      `{"x":"${'y'.repeat(99)}\\\\\\"\\\\","model":"a"}`,
      { valid: true, model: 'a', stream: false },
    ],
    ['{"model":"a","max_tokens":16}', { valid: true, model: 'a', stream: false, maxTokens: 16 }],
    [
      '{"max_completion_tokens":9,"model":"a","max_tokens":16}',
      { valid: true, model: 'a', stream: false, maxTokens: 9 },
    ],
    [
      '{"model":"a","max_tok\\u0065ns":1e2,"max_completion_tokens":null}',
      { valid: true, model: 'a', stream: false, maxTokens: 100 },
    ],
    ['{"model":"a","max_tokens":"16"}', { valid: true, model: 'a', stream: false }],
    ['{"model":"a","max_tokens":-1}', { valid: true, model: 'a', stream: false }],
    [
      '{ "messages" : [ {"content":"ü"} ] ,"model":"a"}',
      { valid: true, model: 'a', stream: false, prompt: [{ content: 'ü' }] },
    ],
    ['{"pr\\u006fmpt":"x","model":"a"}', { valid: true, model: 'a', stream: false, prompt: 'x' }],
    [
      '{"prompt":"x","messages":[1],"model":"a","prompt":"y","messages":[2]}',
      { valid: true, model: 'a', stream: false, prompt: [2] },
    ],
    ['', { valid: false }],
    ['{"model":"a"', { valid: false }],
    ['{"model":"a"}}', { valid: false }],
    ['{"model":"a",}', { valid: false }],
    ['{model:"a"}', { valid: false }],
    ['{"model" "a"}', { valid: false }],
    ["{'model':'a'}", { valid: false }],
    ['["model"]', { valid: false }],
    ['"model"', { valid: false }],
    ['{"model":"a","x":tru}', { valid: false }],
    ['{"model":"a","x":[1,2,]}', { valid: false }],
    ['{"model":"a","x":[{"y":01}]}', { valid: false }],
    ['{"model":"\\x"}', { valid: false }],
    [`{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, { valid: false }],
    ['\ufeff{"model":"a"}', { valid: false }],
  ])('%.60s', (text, expected) => {
    expect(scan(text)).toEqual(expected.valid ? { maxTokens: null, ...expected } : expected);
  });

  const spaced = fc.tuple(fc.constantFrom('', ' ', '\n\t'), fc.constantFrom(undefined, 1, 2));
  const body = fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        ...['model', 'stream', 'max_tokens', 'max_completion_tokens', 'messages', 'prompt'],
      ),
      fc.string(),
    ),
    fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', maxLength: 200 }), fc.boolean()),
    { noNullPrototype: true },
  );

  it('sees what JSON.parse sees', () => {
    fc.assert(
      fc.property(body, spaced, (value, [edge, indent]) => {
        const text = edge + JSON.stringify(value, null, indent) + edge;
        expect(scan(text)).toEqual(parsed(text));
      }),
      { numRuns: 500 },
    );
  });

  it('never refuses what JSON.parse takes, and takes only what it takes, however mangled', () => {
    const junk = fc.constantFrom(...'{}[],:"0123456789-+.eEtruefalsn mdl'.split(''), '"model":');
    const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(3), fc.array(junk, { maxLength: 3 })), {
      maxLength: 4,
    });
    const plain = fc.dictionary(
      fc.constantFrom('model', 'stream', 'x', 'max_tokens', 'messages', 'prompt'),
      fc.jsonValue({ stringUnit: fc.constantFrom('a', 'b', ' ') }),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(plain, edits, (value, changes) => {
        let text = JSON.stringify(value);
        for (const [at, removed, added] of changes) {
          text = text.slice(0, at) + added.join('') + text.slice(at + removed);
        }
        expect(scan(text)).toEqual(parsed(text));
      }),
      { numRuns: 2000 },
    );
  });
});
