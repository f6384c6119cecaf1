import { describe, expect, it } from '@jest/globals';
import { createTokenEstimates } from './token-estimates.ts';

describe('the tokens of a request', () => {
  it('are those of its prompt by its bytes, and those that it asks for', () => {
    const estimates = createTokenEstimates();
    expect(estimates.of('m', 400, 50, true)).toBe(150);
    expect(estimates.of('m', 401, null, true)).toBe(101 + 512);
    expect(estimates.of('m', 400, 50, false)).toBe(100);
  });

  it('are what answers of the model took where it asks for no number', () => {
    const estimates = createTokenEstimates();
    for (let count = 0; count < 200; count += 1) estimates.ended('m', 40);
    expect(estimates.of('m', 0, null, true)).toBeLessThanOrEqual(41);
    expect(estimates.of('other', 0, null, true)).toBe(512);
    estimates.prune((modelId) => modelId !== 'm');
    expect(estimates.of('m', 0, null, true)).toBe(512);
  });
});
