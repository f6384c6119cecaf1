import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { xxHash32 } from '../../index.ts';

const prime32 = 0x9e3779b1;

/** The bytes of the reference implementation's own test (xxHash, tests/sanity_test.c): top bytes of powers of a prime. */
function sanityBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let generator = BigInt(prime32);
  for (let at = 0; at < length; at += 1) {
    bytes[at] = Number(generator >> 56n);
    generator = (generator * 11_400_714_785_074_694_797n) & 0xffff_ffff_ffff_ffffn;
  }
  return bytes;
}

const hash = (bytes: Uint8Array, seed = 0) =>
  xxHash32(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, seed) >>> 0;

describe('xxHash32', () => {
  test.each<[string, number]>([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j is the known one', (text, expected) => {
    expect(hash(new TextEncoder().encode(text))).toBe(expected);
  });

  test.each<[number, number, number]>([
    [0, prime32, 0x36b78ae7],
    [1, 0, 0xcf65b03e],
    [1, prime32, 0xb4545aa4],
    [14, 0, 0x1208e7e2],
    [14, prime32, 0x6af1d1fe],
    [222, 0, 0x5bd11dbd],
    [222, prime32, 0x58803c5f],
  ])('of %d bytes with seed %d is that of the reference', (length, seed, expected) => {
    expect(hash(sanityBytes(length), seed)).toBe(expected);
  });

  test('property: of a part it is that of the part alone', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, part, behind) => {
        const all = new Uint8Array([...before, ...part, ...behind]);
        const view = new DataView(all.buffer);
        const found = xxHash32(view, before.length, before.length + part.length, 7);
        return found >>> 0 === hash(part, 7);
      }),
    );
  });
});
