import { describe, expect, test } from '@jest/globals';
import { createLimiter } from './limiter.ts';

const never = new AbortController().signal;

describe('limiter', () => {
  test('lets in so many, then one for each that leaves, in order', async () => {
    const limiter = createLimiter(2);
    const order: number[] = [];
    const first = await limiter.enter(never);
    const second = await limiter.enter(never);
    const waiting = [1, 2].map(async (index) => {
      const leave = await limiter.enter(never);
      order.push(index);
      leave();
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    first();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
    second();
  });

  test('leaving twice frees one place only', async () => {
    const limiter = createLimiter(1);
    const leave = await limiter.enter(never);
    leave();
    leave();
    await limiter.enter(never);
    const impatient = AbortSignal.timeout(5);
    await expect(limiter.enter(impatient)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('who gives up waiting takes no place', async () => {
    const limiter = createLimiter(1);
    const leave = await limiter.enter(never);
    const giveUp = new AbortController();
    const waiting = limiter.enter(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    leave();
    await expect(limiter.enter(never)).resolves.toBeInstanceOf(Function);
    await expect(limiter.enter(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });
});
