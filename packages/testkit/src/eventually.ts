import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until there is an answer. @throws Error after `limitMs` */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null>,
  limitMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await pause(100);
  }
}
