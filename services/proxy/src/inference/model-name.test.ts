import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { scanBody } from './model-name.ts';

/** With the prompt itself, in the place of where it is; but for where its stream_options are: see ask-usage.test.ts. */
function scan(body: string | Buffer) {
  const bytes = Buffer.from(body);
  const scanned = scanBody(bytes);
  if (!scanned.valid) return scanned;
  const { promptFrom, promptTo, streamOptions: _, ...rest } = scanned;
  const prompt = bytes.toString('utf8', promptFrom, promptTo);
  return prompt === '' ? rest : { ...rest, prompt: JSON.parse(mended(prompt)) };
}

/** The same text, where each string that is none for JSON.parse is another that no name is. */
function mended(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/gs, (one) => (isJson(one) ? one : '"mended"'));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
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
    ['{"model":"a\nb"}', { valid: false }],
    ['{"model":"a\0"}', { valid: false }],
    ['{"model":"a\x1f\\n"}', { valid: false }],
    ['{"model":"a\x7f"}', { valid: true, model: 'a\x7f', stream: false }],
    // What others make of it is theirs: nothing of it is ours.
    ['{"x":"\\q","model":"a"}', { valid: true, model: 'a', stream: false }],
    ['{"x":"\n","model":"a"}', { valid: true, model: 'a', stream: false }],
    ['{"mod\nl":"b","model":"a"}', { valid: true, model: 'a', stream: false }],
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

  it.each([
    ['a model', [0x61, 0xff, 0xc3], 'a\ufffd\ufffd'],
    ['a quote in two bytes', [0xc0, 0xa2], '\ufffd\ufffd'],
    ['half of a sign', [0xe2, 0x82], '\ufffd'],
    ['a surrogate', [0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
  ])('reads what is no UTF-8 as a decoder does: %s', (_, bytes, model) => {
    const body = Buffer.concat([Buffer.from('{"model":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(scan(body)).toEqual({ valid: true, model, stream: false, maxTokens: null });
    expect(scan(body)).toEqual(parsed(body.toString('utf8')));
  });

  /** @param unit what strings are of, which are written well before they are mangled */
  const mangled = (junk: fc.Arbitrary<string>, unit: fc.Arbitrary<string>) => {
    const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(3), fc.array(junk, { maxLength: 3 })), {
      maxLength: 4,
    });
    const plain = fc.dictionary(
      fc.constantFrom('model', 'stream', 'x', 'max_tokens', 'messages', 'prompt'),
      fc.jsonValue({ stringUnit: unit }),
      { noNullPrototype: true },
    );
    // Of latin1: each sign of the text is a byte of the body, whatever a decoder makes of those.
    return fc.tuple(plain, edits).map(([value, changes]) => {
      let text = JSON.stringify(value);
      for (const [at, removed, added] of changes) {
        text = text.slice(0, at) + added.join('') + text.slice(at + removed);
      }
      return Buffer.from(text, 'latin1');
    });
  };
  const grammar = ['"model":', ...'{}[],:"0123456789-+.eEtruefalsn mdl'];
  const badBytes = ['\x80', '\xa2', '\xbf', '\xc0', '\xc3', '\xe2', '\xed', '\xf4', '\xff'];
  const badSigns = [
    '\0',
    '\n',
    '\t',
    '\r',
    '\x1f',
    '\\',
    '\\u',
    '\\ud800',
    '\\u006d',
    '\\q',
    '\\"',
  ];

  it('never refuses what JSON.parse takes, and takes only what it takes, however mangled, no UTF-8 included', () => {
    fc.assert(
      fc.property(
        mangled(fc.constantFrom(...grammar, ...badBytes), fc.constantFrom('a', 'b', ...badBytes)),
        (bytes) => {
          expect(scan(bytes)).toEqual(parsed(bytes.toString('utf8')));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes beside that only what is wrong inside of strings other than the model, and reads the rest alike', () => {
    const anything = fc.constantFrom(...grammar, ...badBytes, ...badSigns);
    let beside = 0;
    fc.assert(
      fc.property(mangled(anything, anything), (bytes) => {
        const text = bytes.toString('utf8');
        const [seen, exactly] = [scan(bytes), parsed(text)];
        if (exactly.valid || !seen.valid) {
          expect(seen).toEqual(exactly);
          return;
        }
        beside += 1;
        expect(seen).toEqual(parsed(mended(text)));
        expect(seen).not.toMatchObject({ model: 'mended' });
      }),
      { numRuns: 4000 },
    );
    expect(beside).toBeGreaterThan(10);
  });
});
