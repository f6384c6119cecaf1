import { describe, expect, test } from '@jest/globals';
import { afterLine, ofBody, outcomeOf, unread } from './outcome.ts';

const token = 'data: {"choices":[{"delta":{"content":"x"}}]}';
const last = (reason: string) =>
  `data: {"choices":[{"delta":{"content":""},"finish_reason":"${reason}"}]}`;
const end = 'data: [DONE]';
const outcomeOfLines = (lines: readonly string[], asked: number) =>
  outcomeOf(200, lines.reduce(afterLine, unread), asked);

describe('a stream is whole', () => {
  test('when every token came, and its end', () => {
    const lines = [': wakefield state=loading', token, token, token, last('length'), end];
    expect(outcomeOfLines(lines, 3)).toEqual({ whole: true, error: null });
  });

  test.each([
    ['99 of 100', [token, token, last('length'), end], /^2 of 3 tokens$/],
    ['a token too many', [token, token, token, token, end], /^4 of 3 tokens$/],
    ['no end', [token, token, token], /^cut after 3 of 3 tokens$/],
    ['an error and its end', [token, 'data: {"error":{"message":"gone"}}', end], /^gone$/],
    ['an error without words', [token, 'data: {"error":{"code":1}}', end], /"code":1/],
    ['given up by the engine', [token, token, token, last('abort'), end], /abort/],
    ['nothing', [], /^cut after 0 of 3/],
  ])('and not with %s', (_, lines, words) => {
    const { whole, error } = outcomeOfLines(lines, 3);
    expect(whole).toBe(false);
    expect(error).toMatch(words);
  });
});

describe('a plain answer is whole', () => {
  const body = (tokens: number, reason: string) =>
    JSON.stringify({
      choices: [{ finish_reason: reason }],
      usage: { completion_tokens: tokens },
    });

  test('with all that was asked', () => {
    expect(outcomeOf(200, ofBody(body(4, 'length')), 4)).toEqual({ whole: true, error: null });
  });

  test.each([
    ['fewer tokens', 200, body(3, 'length'), '3 of 4 tokens'],
    ['another status', 500, body(4, 'length'), 'status 500'],
    ['a refusal', 503, '{"error":{"message":"no engine"}}', 'no engine'],
    ['an answer that was given up', 200, body(4, 'abort'), 'finish_reason abort'],
    ['another body', 200, '{}', 'cut after 0 of 4 tokens'],
  ])('and not with %s', (_, status, text, error) => {
    expect(outcomeOf(status, ofBody(text), 4)).toEqual({ whole: false, error });
  });
});
