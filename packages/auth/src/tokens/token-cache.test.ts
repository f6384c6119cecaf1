import { describe, expect, it } from '@jest/globals';
import { AppError } from '@wakefield/domain';
import type { Verdict } from './issuer.ts';
import { createTokenCache } from './token-cache.ts';

let clock = 1_790_000_000_000;
const now = () => clock;

const cacheOf = (most: number, mostGrants: number) => createTokenCache({ now, most, mostGrants });
const verdict = (id: string, grants = 1, lifeMs = 300_000): Verdict => ({
  principal: {
    kind: 'user',
    id,
    grants: Array.from({ length: grants }, (_, n) => ({ project: `p${n}`, role: 'user' })),
  },
  issuer: 'site',
  freshMs: 1_000_000,
  endsAt: clock + lifeMs,
});
const unasked = () => Promise.reject(new AppError('internal_error', 'it was asked'));

describe('verdicts on tokens', () => {
  it('are not kept beyond the end of the token', async () => {
    const cache = cacheOf(100, 1000);
    for (let n = 0; n < 50; n += 1) await cache.look(`${n}`, async () => verdict(`${n}`));
    expect(cache.size).toBe(50);
    clock += 300_001;
    await cache.look('new', async () => verdict('new'));
    expect(cache.size).toBe(1);
  });

  it('are bounded by what they hold, and those that are in use stay', async () => {
    const cache = cacheOf(100, 1000);
    await cache.look('used', async () => verdict('used'));
    for (let n = 0; n < 50; n += 1) {
      await cache.look(`${n}`, async () => verdict(`${n}`, 99));
      expect(await cache.look('used', unasked)).toMatchObject({ id: 'used' });
    }
    expect(cache.size).toBe(10);
  });

  it('that are too large are told all the same', async () => {
    const cache = cacheOf(100, 1000);
    expect(await cache.look('large', async () => verdict('large', 5000))).toMatchObject({
      id: 'large',
    });
    expect(cache.size).toBe(0);
  });
});
