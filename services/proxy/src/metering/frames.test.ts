import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frameAt, frameOf } from './frames.ts';

/** Everything in it that is whole, and how many bytes are not. */
function read(bytes: Buffer) {
  const frames: string[] = [];
  let lost = 0;
  let at = 0;
  for (let found = frameAt(bytes, at); found !== null; found = frameAt(bytes, at)) {
    if (found.kind === 'whole') frames.push(found.lines);
    else lost += found.next - at;
    expect(found.next).toBeGreaterThan(at);
    at = found.next;
  }
  expect(at).toBe(bytes.length);
  return { frames, lost };
}

/** As entries of the spool are: lines of JSON behind a letter. */
const lines = fc
  .array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 })
  .map((texts) => texts.map((text) => `r${JSON.stringify([text])}\n`).join(''));
const segment = fc.array(lines, { maxLength: 8 });

describe('frames', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(segment, (texts) => {
        expect(read(Buffer.concat(texts.map(frameOf)))).toEqual({ frames: texts, lost: 0 });
      }),
    );
  });

  it('are all there up to a torn end', () => {
    fc.assert(
      fc.property(segment, fc.nat(), (texts, cut) => {
        const whole = texts.map(frameOf);
        const bytes = Buffer.concat(whole);
        const length = cut % (bytes.length + 1);
        let end = 0;
        const expected = texts.filter((_, index) => {
          end += whole[index]?.length ?? 0;
          return end <= length;
        });
        expect(read(bytes.subarray(0, length)).frames).toEqual(expected);
      }),
    );
  });

  it('are all there but the one in which bytes were changed', () => {
    fc.assert(
      fc.property(
        segment.filter((texts) => texts.length > 0),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (texts, place, change) => {
          const whole = texts.map(frameOf);
          const bytes = Buffer.concat(whole);
          const at = place % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ change;
          let end = 0;
          const hit = whole.findIndex((frame) => {
            end += frame.length;
            return at < end;
          });
          expect(read(bytes)).toEqual({
            frames: texts.filter((_, index) => index !== hit),
            lost: whole[hit]?.length,
          });
        },
      ),
    );
  });

  it('are all there behind one whose last byte was changed', () => {
    const bytes = Buffer.concat([frameOf('r[1]\n'), frameOf('r[2]\n')]);
    bytes[frameOf('r[1]\n').length - 1] = 0;
    expect(read(bytes).frames).toEqual(['r[2]\n']);
  });

  it('are found behind what is none', () => {
    const junk = Buffer.from('half of something\n');
    const lines = 'r["#1 00000000 00000005"]\n';
    const bytes = Buffer.concat([junk, frameOf(lines), Buffer.alloc(30), frameOf('r[2]\n'), junk]);
    expect(read(bytes)).toEqual({ frames: [lines, 'r[2]\n'], lost: 2 * junk.length + 30 });
  });
});
