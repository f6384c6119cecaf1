import { expect, test } from '@jest/globals';
import { remembered } from './remembered.ts';

test('asks once for each text, also where the answer is undefined', () => {
  const asked: string[] = [];
  const of = remembered((text) => {
    asked.push(text);
    return text === 'a' ? undefined : text.length;
  });
  expect([of('a'), of('bb'), of('a'), of('bb')]).toEqual([undefined, 2, undefined, 2]);
  expect(asked).toEqual(['a', 'bb']);
});

test('what throws is asked again', () => {
  let times = 0;
  const of = remembered(() => {
    times += 1;
    throw new Error('no');
  });
  expect(() => of('x')).toThrow('no');
  expect(() => of('x')).toThrow('no');
  expect(times).toBe(2);
});

test('keeps a bounded number, and answers beyond it', () => {
  let times = 0;
  const of = remembered((text) => {
    times += 1;
    return Number(text);
  });
  for (let n = 0; n < 2000; n += 1) expect(of(String(n))).toBe(n);
  for (let n = 0; n < 2000; n += 1) expect(of(String(n))).toBe(n);
  expect(times).toBeGreaterThan(3000);
  expect(times).toBeLessThan(4000);
});
