import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createChoice, type Delta, type Sampling } from './choice.ts';
import { answerTokens } from './text.ts';

const sampling = (given: Partial<Sampling> = {}): Sampling => ({
  maxTokens: 1000,
  minTokens: 0,
  ignoreEos: false,
  stop: [],
  ...given,
});

function runOut(prompt: string, how: Partial<Sampling>) {
  const choice = createChoice(prompt, 0, sampling(how));
  const deltas: Delta[] = [];
  while (choice.finish === null) deltas.push(choice.step());
  return { choice, deltas, text: deltas.map(({ text }) => text).join('') };
}

function full(prompt: string, tokens: number): string {
  const source = answerTokens(prompt, 0);
  return Array.from({ length: tokens }, () => source.next().value ?? '').join('');
}

describe('one answer', () => {
  test('stops by itself', () => {
    const { choice } = runOut('hi', {});
    expect(choice.finish).toEqual({ reason: 'stop', stopReason: null });
  });

  test('is cut at max_tokens', () => {
    const { choice, text } = runOut('hi', { maxTokens: 5 });
    expect(choice).toMatchObject({ tokens: 5, finish: { reason: 'length' } });
    expect(text).toBe(full('hi', 5));
  });

  test('goes on to max_tokens with ignore_eos', () => {
    expect(runOut('hi', { maxTokens: 400, ignoreEos: true }).choice.tokens).toBe(400);
  });

  test('min_tokens keeps it going, past stop strings too', () => {
    expect(runOut('hi', { minTokens: 200 }).choice.tokens).toBe(200);
    expect(runOut('hi', { minTokens: 10, stop: ['a'] }).choice.tokens).toBeGreaterThanOrEqual(10);
  });

  test('ends before a stop string, and names it', () => {
    const { choice, text } = runOut('hi', { stop: ['never there', 'answer'] });
    expect(choice.finish).toEqual({ reason: 'stop', stopReason: 'answer' });
    expect(text).toBe('This is a simulated ');
  });

  test('aborts where it stands', () => {
    const choice = createChoice('hi', 3, sampling());
    choice.step();
    expect(choice.abort()).toEqual({
      index: 3,
      text: '',
      finish: { reason: 'abort', stopReason: null },
    });
  });

  test('no part of a stop string is ever sent, and nothing before it is lost', () => {
    const stops = fc.array(
      fc.constantFrom(' simula', 'ted an', 'wer to "', 'x', '":', ' the', 'n'),
      {
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(fc.string(), stops, (prompt, stop) => {
        const { choice, text } = runOut(prompt, { stop, maxTokens: 60 });
        expect(stop.some((word) => text.includes(word))).toBe(false);
        expect(full(prompt, choice.tokens).startsWith(text)).toBe(true);
        if (choice.finish?.stopReason === null) expect(text).toBe(full(prompt, choice.tokens));
      }),
    );
  });
});
