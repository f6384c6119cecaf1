/** Below, bodies share the pool that Node keeps for what is small. */
const leastBytes = 4096;
/** Of what waits to be used again, all sizes together. */
const mostKeptBytes = 16 * 1024 * 1024;

/** What waits, by its size. */
const kept = new Map<number, ArrayBufferLike[]>();
let keptBytes = 0;
/** What was given out and may come back, once. */
const lent = new WeakSet<ArrayBufferLike>();

/**
 * Memory for bytes of a body, used again where an earlier one gave it back: V8 counts all that Buffers ever had until it
 * collects its whole heap, and with requests of 100 KB does little else. What is in it are bytes of others until it is filled.
 */
export function memoryFor(bytes: number): Buffer {
  if (bytes < leastBytes) return Buffer.allocUnsafe(bytes);
  const size = memorySize(bytes);
  const memory = kept.get(size)?.pop();
  if (memory !== undefined) keptBytes -= size;
  const lending = memory ?? Buffer.allocUnsafeSlow(size).buffer;
  lent.add(lending);
  return Buffer.from(lending, 0, bytes);
}

/** A copy in such memory. */
export function bodyCopy(bytes: Buffer): Buffer {
  const copy = memoryFor(bytes.length);
  bytes.copy(copy);
  return copy;
}

/**
 * Gives back the memory of these bytes, where it is of here. Only who knows that nobody reads them any more may do so, no socket that was to send
 * them either, and only once: else one caller's prompt goes to another's engine. Who does not know that leaves it, and it is collected.
 */
export function reuse({ buffer }: Buffer): void {
  if (!lent.delete(buffer)) return;
  const size = buffer.byteLength;
  if (size > mostKeptBytes) return;
  // Others may be of sizes that nobody sends any more.
  if (keptBytes + size > mostKeptBytes) keepOnly(size);
  if (keptBytes + size > mostKeptBytes) return;
  keptBytes += size;
  const sameSize = kept.get(size);
  if (sameSize === undefined) kept.set(size, [buffer]);
  else sameSize.push(buffer);
}

function keepOnly(size: number): void {
  const same = kept.get(size) ?? [];
  kept.clear();
  kept.set(size, same);
  keptBytes = same.length * size;
}

/**
 * How much there is for so many bytes: the next of 4, 5, 6 and 7 times a power of two, so that bodies of like sizes share, and a fifth of it is
 * idle at most.
 */
export function memorySize(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
