import { describe, expect, it } from '@jest/globals';
import { asleep, endpoint } from '../../test/world.ts';
import { createSuspects } from './suspects.ts';

const nothing = new Map<string, unknown>();

/** The suspects of one model with so many endpoints, under a clock that stands still. */
function setUp(count = 1) {
  let elapsed = 5000;
  const ejected: string[] = [];
  const suspects = createSuspects(
    () => elapsed,
    ({ jobId }) => ejected.push(jobId),
  );
  const endpoints = Array.from({ length: count }, (_, index) =>
    endpoint(index + 1, `job-${index + 1}`),
  );
  const [one] = endpoints;
  if (one === undefined) throw new Error('a model without endpoints');
  const model = { ...asleep('a/b'), endpoints };
  const choose = (tried: ReadonlyMap<string, unknown> = nothing) => {
    const exclude = suspects.excludedFor(model, tried);
    return endpoints.find(({ jobId }) => !exclude.has(jobId))?.jobId ?? null;
  };
  const ask = (tried: ReadonlyMap<string, unknown> = nothing) => {
    const jobId = choose(tried);
    if (jobId !== null) suspects.sent(jobId);
    return jobId;
  };
  return {
    suspects,
    endpoints,
    one,
    ejected,
    choose,
    ask,
    isAsked: () => ask() !== null,
    mark: () => suspects.mark(one, false, elapsed),
    fail: (times = 1, which = one) => {
      for (let count = 0; count < times; count += 1) suspects.failed(which, elapsed);
    },
    pass: (ms: number): void => {
      elapsed += ms;
    },
    now: () => elapsed,
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
    const { suspects, one, isAsked, pass, mark } = setUp();
    suspects.shun(one);
    mark();
    pass(59_000);
    expect(isAsked()).toBe(false);
    pass(1000);
    expect(isAsked()).toBe(true);
  });
});

describe('a suspect', () => {
  it('is tried by one request when its time is over, while others wait', () => {
    const { isAsked, pass, mark } = setUp();
    mark();
    expect(isAsked()).toBe(false);
    pass(500);
    expect(isAsked()).toBe(true);
    expect(isAsked()).toBe(false);
    pass(1000);
    expect(isAsked()).toBe(true);
  });

  it('is not tried by who only looks, however often', () => {
    const { choose, isAsked, pass, mark } = setUp();
    mark();
    pass(500);
    for (let look = 0; look < 9; look += 1) expect(choose()).toBe('job-1');
    expect(isAsked()).toBe(true);
    expect(choose()).toBe(null);
  });

  it('is none any more once it answers, and is told to have been one', () => {
    const { suspects, one, isAsked, mark } = setUp();
    expect(suspects.answered(one.jobId)).toBe(false);
    mark();
    expect(suspects.answered(one.jobId)).toBe(true);
    expect(isAsked()).toBe(true);
    expect(suspects.clear(one.jobId)).toBe(false);
  });
});

describe('an endpoint that fails again and again', () => {
  it('is ejected, tried by one request after each pause, and let in again when it answers well', () => {
    const { suspects, one, ask, fail, pass, ejected } = setUp(2);
    fail(4);
    expect(ask()).toBe('job-1');
    fail();
    expect(ejected).toEqual(['job-1']);
    expect(suspects.ejected).toBe(1);
    for (const pauseMs of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      expect(ask()).toBe('job-2');
      pass(pauseMs - 1);
      expect(ask()).toBe('job-2');
      pass(1);
      expect(ask()).toBe('job-1');
      expect(ask()).toBe('job-2');
      fail();
    }
    expect(ejected).toHaveLength(1);
    // The head of an answer is not yet a good one.
    suspects.answered(one.jobId);
    expect(ask()).toBe('job-2');
    expect(suspects.clear(one.jobId)).toBe(true);
    expect(ask()).toBe('job-1');
    expect(suspects.ejected).toBe(0);
  });

  it('is asked where it is the last one, or all others were tried or refuse', () => {
    const alone = setUp();
    alone.fail(9);
    expect(alone.isAsked()).toBe(true);
    const { suspects, endpoints, ask, fail, now } = setUp(2);
    fail(5);
    expect(ask(new Map([['job-2', null]]))).toBe('job-1');
    const [, other] = endpoints;
    if (other === undefined) throw new Error('there is no other');
    suspects.mark(other, false, now());
    expect(ask()).toBe('job-1');
  });

  it('is not blamed where more than half of them fail', () => {
    const { endpoints, ask, fail } = setUp(4);
    for (const [index, failing] of endpoints.entries()) {
      fail(5, failing);
      expect(ask()).toBe(index < 2 ? endpoints[index + 1]?.jobId : 'job-1');
    }
  });

  it('is ejected once for what was on its way', () => {
    const { suspects, one, ask, fail, pass, now } = setUp(2);
    const sentAt = now() - 1;
    fail(5);
    for (let count = 0; count < 20; count += 1) suspects.failed(one, sentAt);
    pass(5000);
    expect(ask()).toBe('job-1');
  });

  it('is forgotten with its address', () => {
    const { suspects, one, ask, fail } = setUp(2);
    fail(5);
    suspects.prune(new Map([['job-1', one]]));
    expect(ask()).toBe('job-2');
    suspects.prune(new Map([['job-1', { ...one, address: { host: 'elsewhere', port: 1 } }]]));
    expect(ask()).toBe('job-1');
  });
});
