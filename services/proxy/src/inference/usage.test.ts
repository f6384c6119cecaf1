import { describe, expect, it } from '@jest/globals';
import { AnswerTail, findUsage } from './usage.ts';

const usage = '"usage":{"prompt_tokens":12,"total_tokens":19,"completion_tokens":7}';
const event = `data: {"id":"x","choices":[],${usage}}\n\ndata: [DONE]\n\n`;

describe('usage in an answer', () => {
  it.each([
    ['is found at its end', `{"id":"ü",${usage}}`, { prompt: 12, completion: 7, cached: 0 }],
    [
      'may have blanks',
      '{"usage" : { "prompt_tokens" : 1 } }',
      { prompt: 1, completion: 0, cached: 0 },
    ],
    [
      'counts once, the last',
      `{${usage},"usage":{"prompt_tokens":1}}`,
      { prompt: 1, completion: 0, cached: 0 },
    ],
    ['is not what a model says', '{"content":"\\"usage\\":{\\"prompt_tokens\\":5}"}', null],
    [
      'tells what of it was cached',
      '{"usage":{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":8}}}',
      { prompt: 9, completion: 0, cached: 8 },
    ],
    [
      'may not tell that',
      '{"usage":{"prompt_tokens":9,"prompt_tokens_details":null}}',
      { prompt: 9, completion: 0, cached: 0 },
    ],
    ['may be null', '{"usage":null}', null],
    ['may be cut', '{"usage":{"prompt_tokens":1', null],
    ['may be nonsense', '{"usage":{"prompt_tokens":"\\q"}}', null],
    [
      'is never negative',
      '{"usage":{"prompt_tokens":-1}}',
      { prompt: 0, completion: 0, cached: 0 },
    ],
    [
      'is a whole number that can be counted, whatever it says',
      '{"usage":{"prompt_tokens":1e300,"completion_tokens":1.5}}',
      { prompt: 2_147_483_647, completion: 1, cached: 0 },
    ],
  ])('%s', (_, text, expected) => {
    expect(findUsage(Buffer.from(text))).toEqual(expected);
  });

  it('is found however the stream is cut', () => {
    const bytes = Buffer.from(`data: {"choices":[{"delta":{"content":"größer €"}}]}\n\n${event}`);
    for (let size = 1; size < bytes.length; size += 1) {
      const tail = new AnswerTail();
      for (let at = 0; at < bytes.length; at += size) tail.push(bytes.subarray(at, at + size));
      expect(tail.usage()).toEqual({ prompt: 12, completion: 7, cached: 0 });
    }
  });

  it('is looked for in no more than the end', () => {
    const tail = new AnswerTail();
    for (let round = 0; round < 10_000; round += 1) tail.push(Buffer.alloc(100, 'x'));
    expect(tail.bytes).toBeLessThan(2000);
    expect(tail.usage()).toBeNull();
  });

  it('is found in bytes that come one by one, behind what is large', () => {
    const tail = new AnswerTail();
    tail.push(Buffer.alloc(70_000, 'x'));
    for (const byte of Buffer.from(`${'y'.repeat(5000)}${event}`)) {
      tail.push(Buffer.from([byte]));
      expect(tail.bytes).toBeLessThan(72_000);
    }
    expect(tail.bytes).toBeLessThan(3000);
    expect(tail.usage()).toEqual({ prompt: 12, completion: 7, cached: 0 });
  });
});
