/** FNV-1a of a text's UTF-16 code units, as a signed number: for names, of which the first 32 bits will do. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash;
}

/**
 * How much a key is drawn to a name: whoever has the highest number of all gets it (rendezvous hashing, Thaler and
 * Ravishankar 1998). What comes or goes takes or leaves its own keys and moves no other, without the virtual nodes of a
 * ring. With weights a name gets its part of the keys (−w/ln u, Schindelhauer and Schomaker 2005).
 * @returns above 0, below 1
 */
export function attraction(key: number, name: string, weight: number): number {
  const drawn = ((mix(key ^ hashText(name)) >>> 0) + 0.5) / 2 ** 32;
  const score = -weight / Math.log(drawn);
  return score / (1 + score);
}

/** Spreads every bit over all of them (MurmurHash3's fmix32, Austin Appleby). */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
