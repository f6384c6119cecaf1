const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f | 0;
const prime5 = 0x165667b1 | 0;
/** Four lanes of four bytes. */
const stripe = 16;

/**
 * xxHash32 of a part of some bytes, as a signed number (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Through a
 * DataView, because V8 reads four bytes of one at once: 1 to 5 GB/s, three times as fast as byte by byte.
 */
export function xxHash32(bytes: DataView, from: number, to: number, seed: number): number {
  const length = to - from;
  let at = from;
  let hash = (seed + prime5) | 0;
  if (length >= stripe) {
    let lane1 = (seed + prime1 + prime2) | 0;
    let lane2 = (seed + prime2) | 0;
    let lane3 = seed | 0;
    let lane4 = (seed - prime1) | 0;
    for (; at + stripe <= to; at += stripe) {
      lane1 = round(lane1, bytes.getInt32(at, true));
      lane2 = round(lane2, bytes.getInt32(at + 4, true));
      lane3 = round(lane3, bytes.getInt32(at + 8, true));
      lane4 = round(lane4, bytes.getInt32(at + 12, true));
    }
    hash = rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18);
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(rotate(hash + Math.imul(bytes.getInt32(at, true), prime3), 17), prime4);
  }
  for (; at < to; at += 1) {
    hash = Math.imul(rotate(hash + Math.imul(bytes.getUint8(at), prime5), 11), prime1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return hash ^ (hash >>> 16);
}

function round(lane: number, word: number): number {
  return Math.imul(rotate(lane + Math.imul(word, prime2), 13), prime1);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
