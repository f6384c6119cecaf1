import { expect, test } from '@jest/globals';
import { createLoginAttempts } from './login-attempts.ts';

const limits = { perAddress: 3, inAll: 100, windowSeconds: 60 };

test('an address has so many, then waits for the rest of the window; others do not', async () => {
  const attempts = createLoginAttempts(limits);
  expect(await tries(attempts, 'a', 3)).toEqual([0, 0, 0]);
  const wait = await attempts.begin('a');
  expect(wait).toBeGreaterThan(50);
  expect(wait).toBeLessThanOrEqual(60);
  expect(await attempts.begin('b')).toBe(0);
});

test('who goes on trying in vain takes nothing from the others', async () => {
  const attempts = createLoginAttempts({ ...limits, inAll: 5 });
  await tries(attempts, 'a', 50);
  expect(await attempts.begin('b')).toBe(0);
});

test('the right key makes up for what was mistyped before', async () => {
  const attempts = createLoginAttempts(limits);
  await tries(attempts, 'a', 3);
  await attempts.succeeded('a');
  expect(await tries(attempts, 'a', 3)).toEqual([0, 0, 0]);
});

test('who comes from ever new addresses has a limit, too', async () => {
  const attempts = createLoginAttempts({ ...limits, inAll: 5 });
  for (let number = 0; number < 5; number += 1) expect(await attempts.begin(`a${number}`)).toBe(0);
  expect(await attempts.begin('a9')).toBeGreaterThan(0);
});

test('when the window is over it may be tried again', async () => {
  const attempts = createLoginAttempts({ ...limits, perAddress: 1, windowSeconds: 1 });
  expect(await tries(attempts, 'a', 2)).toEqual([0, 1]);
  const deadline = Date.now() + 5_000;
  let wait = 1;
  while (wait > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    wait = await attempts.begin('a');
  }
  expect(wait).toBe(0);
});

async function tries(attempts: ReturnType<typeof createLoginAttempts>, from: string, many: number) {
  const waits: number[] = [];
  for (let number = 0; number < many; number += 1) waits.push(await attempts.begin(from));
  return waits;
}
