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
  expect(times).toBeLessThanOrEqual(4000);
});

test('forgets what is no longer asked for, so that what came late is remembered too', () => {
  const asked: string[] = [];
  const of = remembered((text) => {
    asked.push(text);
    return text.length;
  });
  for (let n = 0; n < 5000; n += 1) of(`made up ${n}`);
  asked.length = 0;
  for (let n = 0; n < 10; n += 1) of('late');
  expect(asked).toEqual(['late']);
});

test('keeps what is asked for again and again, however many others come', () => {
  let times = 0;
  const of = remembered((text) => {
    if (text === 'often') times += 1;
    return text.length;
  });
  for (let n = 0; n < 5000; n += 1) {
    of(`made up ${n}`);
    if (n % 100 === 0) expect(of('often')).toBe(5);
  }
  expect(times).toBe(1);
});
