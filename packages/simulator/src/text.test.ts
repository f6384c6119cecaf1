import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerTokens, embed, naturalLength, tokenize } from './text.ts';

const take = (prompt: string, choice: number, count: number) => {
  const source = answerTokens(prompt, choice);
  return Array.from({ length: count }, () => source.next().value);
};

describe('simulated text', () => {
  test('is a function of prompt and choice', () => {
    expect(take('hello', 0, 60)).toEqual(take('hello', 0, 60));
    expect(take('hello', 0, 60)).not.toEqual(take('hello', 1, 60));
    expect(take('hello', 0, 60)).not.toEqual(take('hullo', 0, 60));
  });

  test('says that it is simulated', () => {
    expect(take('why is the sky blue?', 0, 30).join('')).toContain(
      'This is a simulated answer to "why is the sky blue?":',
    );
  });

  test('tokens put together again are the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokenize(text).join('')).toBe(text);
      }),
    );
  });

  test('an answer that nothing bounds ends', () => {
    fc.assert(
      fc.property(fc.string(), (prompt) => {
        expect(naturalLength(prompt)).toBeGreaterThan(20);
        expect(naturalLength(prompt)).toBeLessThan(80);
      }),
    );
  });

  test('embeddings are unit vectors that tell texts apart', () => {
    const [a, b] = [embed('a', 16), embed('b', 16)];
    expect(Math.hypot(...a)).toBeCloseTo(1, 5);
    expect(a).toEqual(embed('a', 16));
    expect(a).not.toEqual(b);
  });
});
