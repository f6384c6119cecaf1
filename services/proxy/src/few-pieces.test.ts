import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FewPieces } from './few-pieces.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of all memory that stays because of these. */
function heldBy(pieces: readonly Buffer[]): number {
  const memory = new Set(pieces.map(({ buffer }) => buffer));
  return [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** As a read brings them: all in one memory, each of its own offset. */
function slicesOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const slices: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    slices.push(bytes.subarray(at, at + size));
    at += size;
  }
  return slices;
}

function gathered(slices: readonly Buffer[]): FewPieces {
  const few = new FewPieces();
  for (const slice of slices) few.push(slice);
  return few;
}

const sizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.constantFrom(4095, 4096, 65_535, 65_536, 70_000),
  ),
  { minLength: 1, maxLength: 12 },
);

describe('bytes in pieces', () => {
  it('are the same bytes, in few pieces and little memory', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300_000 }), sizes, (length, cuts) => {
        const bytes = Buffer.alloc(length, 'the quick brown fox. ');
        // Each with memory of its own, as large reads have.
        const slices = slicesOf(bytes, cuts).map((slice) => {
          const own = Buffer.allocUnsafeSlow(slice.length);
          slice.copy(own);
          return own;
        });
        const few = gathered(slices);
        expect(few.size).toBe(length);
        const pieces = few.take();
        expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
        expect(pieces.length).toBeLessThanOrEqual(1 + (2 * length) / 4096);
        expect(heldBy(pieces)).toBeLessThanOrEqual(2 * length);
        expect(few.size).toBe(0);
        expect(few.take()).toEqual([]);
        expect(gathered(slices).takeWhole().equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('of which one is all are not copied', () => {
    const piece = Buffer.from('xyz');
    expect(gathered([piece]).takeWhole()).toBe(piece);
    expect(gathered([Buffer.alloc(0), piece, Buffer.alloc(0)]).takeWhole()).toBe(piece);
    expect(gathered([]).takeWhole()).toHaveLength(0);
  });

  it('that are large are not copied', () => {
    const pieces = [Buffer.allocUnsafeSlow(65_536), Buffer.allocUnsafeSlow(65_536)];
    expect(
      gathered(pieces)
        .take()
        .map((piece, index) => piece === pieces[index]),
    ).toEqual([true, true]);
  });

  it('do not keep reads that are mostly something else', () => {
    const few = new FewPieces();
    for (let read = 0; read < 100; read += 1)
      few.push(Buffer.allocUnsafeSlow(65_536).subarray(0, 5000));
    expect(heldBy(few.take())).toBeLessThanOrEqual(2 * 500_000);
  });

  it('of one byte take no more memory than twice their number', () => {
    collectGarbage();
    const before = process.memoryUsage();
    const few = new FewPieces();
    for (let read = 0; read < 64; read += 1) {
      const bytes = Buffer.allocUnsafeSlow(16_384);
      for (let at = 0; at < bytes.length; at += 1) few.push(bytes.subarray(at, at + 1));
    }
    collectGarbage();
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(few.size).toBe(1 << 20);
    expect(grown).toBeLessThan(3 << 20);
  });
});
