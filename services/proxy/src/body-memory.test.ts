import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyCopy, memoryFor, memorySize, reuse } from './body-memory.ts';

const mebibyte = 1024 * 1024;

describe('memory for bodies', () => {
  it('is used again by the next one of its size, once for each time that it came back', () => {
    const first = memoryFor(100_000);
    reuse(first);
    reuse(first);
    const second = memoryFor(101_000);
    expect(second.buffer).toBe(first.buffer);
    expect(second).toHaveLength(101_000);
    expect(memoryFor(100_000).buffer).not.toBe(first.buffer);
  });

  it('comes back by a part of it, too', () => {
    const whole = memoryFor(200_000);
    reuse(whole.subarray(100, 200));
    expect(memoryFor(200_000).buffer).toBe(whole.buffer);
  });

  it('is none of what others have made', () => {
    const foreign = Buffer.allocUnsafeSlow(memorySize(300_000));
    reuse(foreign);
    expect(memoryFor(300_000).buffer).not.toBe(foreign.buffer);
    // Of a pool in which other things stand, too.
    const small = memoryFor(100);
    reuse(small);
    expect(memoryFor(100).byteOffset).not.toBe(small.byteOffset);
  });

  it('that waits has a bound', () => {
    const many = Array.from({ length: 20 }, () => memoryFor(mebibyte));
    for (const memory of many) reuse(memory);
    const known = new Set(many.map(({ buffer }) => buffer));
    const again = Array.from({ length: 20 }, () => memoryFor(mebibyte).buffer);
    const kept = again.filter((memory) => known.has(memory)).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept * mebibyte).toBeLessThanOrEqual(16 * mebibyte);
  });

  it('that waits makes room for other sizes', () => {
    for (const memory of Array.from({ length: 3 }, () => memoryFor(5 * mebibyte))) reuse(memory);
    const many = Array.from({ length: 64 }, () => memoryFor(100_000));
    for (const memory of many) reuse(memory);
    const known = new Set(many.map(({ buffer }) => buffer));
    // It would not fit itself.
    reuse(memoryFor(20 * mebibyte));
    expect(many.every(() => known.has(memoryFor(100_000).buffer))).toBe(true);
  });

  it('has room for what was asked for, and a fifth of it idle at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4096, max: 64 * mebibyte }), (bytes) => {
        expect(memorySize(bytes)).toBeGreaterThanOrEqual(bytes);
        expect(memorySize(bytes)).toBeLessThanOrEqual(1.25 * bytes);
      }),
    );
  });

  it('holds a copy', () => {
    const bytes = Buffer.alloc(50_000, 'the quick brown fox. ');
    expect(bodyCopy(bytes).equals(bytes)).toBe(true);
  });
});
