import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutPrompt, mostBlocks } from '../../index.ts';

const keys = new Int32Array(mostBlocks);

function cut(bytes: Uint8Array, { from = 0, to = bytes.length, seed = 1 } = {}): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return [...keys.subarray(0, cutPrompt(view, from, to, seed, keys))];
}
const letters = (length: number, letter = 'a') => new TextEncoder().encode(letter.repeat(length));
const joined = (...parts: readonly Uint8Array[]) =>
  new Uint8Array(parts.flatMap((one) => [...one]));

describe('cutPrompt', () => {
  test.each<[number, number]>([
    [0, 0],
    [255, 0],
    [256, 1],
    [511, 1],
    [2048, 8],
    [20_000, 27],
    [200_000, 47],
    [2 ** 20, 61],
    [2 ** 24, 61],
  ])('cuts %d bytes into %d blocks', (length, blocks) => {
    expect(cut(new Uint8Array(length))).toHaveLength(blocks);
  });

  test('what two prompts have in common is known to an eighth', () => {
    for (const shared of [300, 5000, 80_000]) {
      const [one, other] = ['b', 'c'].map((letter) =>
        cut(joined(letters(shared), letters(shared, letter))),
      );
      const same = one?.findIndex((key, index) => key !== other?.[index]) ?? -1;
      const whole = cut(letters(shared)).length;
      expect(same).toBe(whole);
      expect(cut(letters(Math.floor((shared * 7) / 8) - 256)).length).toBeLessThanOrEqual(same);
    }
  });

  test('the same words behind other ones are another prompt, and so they are for another model', () => {
    const [first] = cut(letters(256));
    expect(cut(joined(letters(256, 'b'), letters(256)))[1]).not.toBe(first);
    expect(cut(letters(256), { seed: 2 })[0]).not.toBe(first);
  });

  test('property: only the prompt counts, wherever it lies in its body', () => {
    const prompt = fc.uint8Array({ minLength: 200, maxLength: 3000 });
    const around = fc.uint8Array({ maxLength: 50 });
    fc.assert(
      fc.property(around, prompt, around, (before, bytes, behind) => {
        const from = before.length;
        const body = joined(before, bytes, behind);
        expect(cut(body, { from, to: from + bytes.length })).toEqual(cut(bytes));
      }),
    );
  });

  test('property: a conversation that goes on keeps its keys', () => {
    const piece = fc.uint8Array({ maxLength: 3000 });
    fc.assert(
      fc.property(piece, piece, (begun, more) => {
        const before = cut(begun);
        expect(cut(joined(begun, more)).slice(0, before.length)).toEqual(before);
      }),
    );
  });
});
