import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  readonly timeoutMs: number;
  readonly everyMs: number;
}

/**
 * Asks until the answer is something other than undefined.
 * @returns the answer, or undefined when time was up
 */
export async function poll<T>(
  options: PollOptions,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) return undefined;
    await delay(options.everyMs);
  }
}

/** @returns whether the condition came true in time */
export async function pollTrue(
  options: PollOptions,
  condition: () => boolean | Promise<boolean>,
): Promise<boolean> {
  return (await poll(options, async () => ((await condition()) ? true : undefined))) ?? false;
}
