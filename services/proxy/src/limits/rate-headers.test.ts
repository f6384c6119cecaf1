import { describe, expect, it } from '@jest/globals';
import { noLimits } from '@wakefield/domain';
import { Meter } from './meter.ts';
import { lengthOf, rateHeaders } from './rate-headers.ts';

const alone = { proxies: 1, alone: false };

describe('a length of time in a header', () => {
  it.each([
    [0, '0s'],
    [0.2, '1ms'],
    [12, '12ms'],
    [1000, '1s'],
    [8640, '8.64s'],
    [60_000, '1m0s'],
    [360_000, '6m0s'],
    [59_999.5, '1m0s'],
    [3_603_000, '1h0m3s'],
  ])('%d ms: %s', (ms, text) => {
    expect(lengthOf(ms)).toBe(text);
  });
});

describe('the headers of an answer', () => {
  const meter = (name: string, requestsPerMinute: number | null, tokensPerMinute: number | null) =>
    new Meter('principal', name, { ...noLimits, requestsPerMinute, tokensPerMinute }, 60_000, 0);

  it('tell of the limit of which the least is left, for requests and for tokens by themselves', () => {
    const [one, other] = [meter('a', 60, 90_000), meter('b', 100, 1000)];
    for (const each of [one, other]) each.take(500, 0, alone);
    expect(Object.fromEntries(pairs(rateHeaders([one, other], 0)))).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '500',
      'x-ratelimit-reset-tokens': '30s',
    });
  });

  it('say nothing of what does not slide', () => {
    const only = new Meter('model', 'm', { ...noLimits, concurrentRequests: 4 }, 60_000, 0);
    expect(rateHeaders([only], 0)).toEqual([]);
  });
});

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [],
  );
}
