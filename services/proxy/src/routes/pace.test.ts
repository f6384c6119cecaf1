import { describe, expect, it } from '@jest/globals';
import { createPace } from './pace.ts';

/** Work under a clock that only moves while something is done or waited for. */
function setUp() {
  let at = 1000;
  const starts: number[] = [];
  const pace = createPace(5000, {
    now: () => at,
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      at += ms;
    },
  });
  const { signal } = new AbortController();
  const work = (lengthMs: number, given = signal) =>
    pace.run(async () => {
      starts.push(at);
      at += lengthMs;
      if (lengthMs > 60_000) throw new Error('too long');
    }, given);
  const pass = (ms: number): void => {
    at += ms;
  };
  return { starts, work, pass, pace };
}

describe('pace', () => {
  it('begins at once after a rest, and rests four times as long as it worked', async () => {
    const { starts, work, pass } = setUp();
    await work(100);
    await work(1);
    await work(1);
    pass(10_000);
    await work(1);
    // 100 + 400; 1 and the least rest; long rested.
    expect(starts).toEqual([1000, 1500, 1551, 11_552]);
  });

  it('never rests for longer than it may, after a failure neither', async () => {
    const { starts, work } = setUp();
    await expect(work(100_000)).rejects.toThrow('too long');
    await work(1);
    expect(starts).toEqual([1000, 106_000]);
  });

  it('does not begin when it is told to stop while it rests', async () => {
    const { starts, work } = setUp();
    await work(1);
    await expect(work(1, AbortSignal.abort())).rejects.toThrow('aborted');
    expect(starts).toEqual([1000]);
  });

  it('cuts a rest short in a hurry, once in half a second', async () => {
    const { starts, work, pace } = setUp();
    await work(200);
    const letGo = pace.hurry();
    await work(200);
    await work(200);
    letGo();
    await work(200);
    // At once; half a second after that; and as ever.
    expect(starts).toEqual([1000, 1200, 1700, 2700]);
  });

  it('cuts the rest short that is under way', async () => {
    const pace = createPace(3_600_000, {
      now: () => 0,
      wait: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const { signal } = new AbortController();
    await pace.run(async () => undefined, signal);
    const resting = pace.run(async () => 'done', signal);
    pace.hurry();
    expect(await resting).toBe('done');
  });
});
