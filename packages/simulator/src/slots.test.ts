import { describe, expect, test } from '@jest/globals';
import { createSlots } from './slots.ts';

const forever = new AbortController().signal;

describe('slots', () => {
  test('waiting requests get in by order of arrival', async () => {
    const slots = createSlots(2);
    const [first] = [await slots.take(forever), await slots.take(forever)];
    const order: string[] = [];
    const third = slots.take(forever).then(() => order.push('third'));
    const fourth = slots.take(forever).then(() => order.push('fourth'));
    expect(slots).toMatchObject({ running: 2, waiting: 2 });
    first();
    await third;
    expect(order).toEqual(['third']);
    expect(slots).toMatchObject({ running: 2, waiting: 1 });
    first();
    expect(slots.running).toBe(2);
    void fourth;
  });

  test('one that gives up leaves the queue', async () => {
    const slots = createSlots(1);
    const release = await slots.take(forever);
    const impatient = new AbortController();
    const refused = slots.take(impatient.signal);
    impatient.abort(new Error('gone'));
    await expect(refused).rejects.toThrow('gone');
    expect(slots.waiting).toBe(0);
    release();
    expect(slots.running).toBe(0);
  });
});
