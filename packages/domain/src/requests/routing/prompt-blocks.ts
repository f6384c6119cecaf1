import { xxHash32 } from './xx-hash.ts';

/** A short prompt has no whole block: it is not worth more than the least load. */
const shortestBytes = 256;
/** What is shared of a long prompt is known to an eighth, so its blocks stay few. */
const growth = 8;
/** Whole stripes of the hash take half the time. */
const multiple = 16;
/** What comes behind that much is not looked at: half a millisecond's worth. */
const lookedAtBytes = 2 ** 20;

/** Blocks that a prompt is cut into at the most: a megabyte makes 61. */
export const mostBlocks = 64;

/**
 * Cuts a prompt into blocks, short ones in front, and hashes each together with all before it: two prompts have as many
 * first keys in common as they have whole blocks in common.
 * @param seed sets apart what shares no cache
 * @param keys gets one key for each block
 * @returns how many there are
 */
export function cutPrompt(
  bytes: DataView,
  from: number,
  to: number,
  seed: number,
  keys: Int32Array,
): number {
  const end = Math.min(to, from + lookedAtBytes, bytes.byteLength);
  let count = 0;
  let key = seed;
  let at = from;
  while (count < keys.length) {
    const share = Math.floor((at - from) / (growth * multiple)) * multiple;
    const next = at + Math.max(shortestBytes, share);
    if (next > end) break;
    key = xxHash32(bytes, at, next, key);
    keys[count] = key;
    count += 1;
    at = next;
  }
  return count;
}
