import { describe, expect, it } from '@jest/globals';
import { asleep, endpoint } from '../../test/world.ts';
import { createSuspects } from './suspects.ts';

const nothing = new Map<string, unknown>();
const noTime = { atLeastMs: 0, preferablyMs: 0 };

/** The suspects of one model with one endpoint, under clocks that stand still. */
function setUp() {
  const at = { now: 1_700_000_000_000, elapsed: 5000 };
  const clock = { now: () => at.now, elapsed: () => at.elapsed };
  const suspects = createSuspects(() => 0, clock);
  const one = endpoint(1, 'job-1');
  const model = { ...asleep('a/b'), endpoints: [one] };
  return {
    suspects,
    one,
    isAsked: () => suspects.choose(model, nothing, noTime) !== null,
    pass: (ms: number): void => {
      at.elapsed += ms;
      at.now += ms;
    },
    set: (byMs: number): void => {
      at.now += byMs;
    },
  };
}

describe('an endpoint at which a stranger answered', () => {
  it('is tried by one request a minute', () => {
    const { suspects, one, isAsked, pass } = setUp();
    expect(suspects.shun(one)).toBe(true);
    const asked: boolean[] = [];
    for (let second = 0; second < 180; second += 1) {
      asked.push(isAsked());
      pass(1000);
    }
    expect(asked.filter(Boolean)).toHaveLength(2);
    expect(asked.slice(0, 60)).not.toContain(true);
    expect(suspects.shun(one)).toBe(false);
  });

  it('is avoided for no shorter time when it also refuses', () => {
    const { suspects, one, isAsked, pass } = setUp();
    suspects.shun(one);
    suspects.mark(one, false);
    pass(59_000);
    expect(isAsked()).toBe(false);
    pass(1000);
    expect(isAsked()).toBe(true);
  });
});

describe('a suspicion', () => {
  it.each([-3_600_000, 3_600_000])('lasts as long when the wall clock is set by %d ms', (byMs) => {
    const { suspects, one, isAsked, pass, set } = setUp();
    suspects.mark(one, false);
    set(byMs);
    expect(isAsked()).toBe(false);
    pass(500);
    expect(isAsked()).toBe(true);
    // While that one tries it, others wait.
    expect(isAsked()).toBe(false);
    pass(1000);
    expect(isAsked()).toBe(true);
  });
});
