/**
 * Waits until a promise is settled either way, but not longer than `limitMs`.
 * @returns false when the time was over first
 */
export async function settled(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), limitMs);
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      tooLate,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
