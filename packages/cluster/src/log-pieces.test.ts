import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asWritten } from './heappe/job-log.ts';
import { batchPiece, cutLineOf, logCut, logPiece, startOf } from './log-pieces.ts';

describe('where to begin', () => {
  test.each([
    [0, 100, 0, 10, 0],
    [4, 100, 0, 10, 4],
    [10, 100, 0, 10, 10],
    [0, 4, 0, 10, 6],
    [5, 4, 0, 10, 6],
    [11, 4, 0, 10, 6],
    [11, 100, 0, 10, 0],
    [0, 100, 50, 60, 50],
    [55, 100, 50, 60, 55],
    [55, 2, 50, 60, 58],
    [99, 100, 50, 60, 50],
  ])(
    'asked for %d, %d bytes at most, of a log from %d to %d: at %d',
    (from, bytes, cut, end, start) => {
      expect(startOf(from, bytes, { cut, end })).toBe(start);
    },
  );
});

test('the line of a log that was cut is read as it is written, and no other', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), (cut, rest) => {
      const line = cutLineOf(cut);
      expect(logCut(`${line}${rest}`)).toEqual({ cut, head: line.length });
    }),
  );
  expect(logCut('wakefield: 007 bytes before this were cut off\n')).toEqual({ cut: 0, head: 0 });
  expect(logCut('wakefield: 7 bytes before this were cut off')).toEqual({ cut: 0, head: 0 });
});

describe('a piece', () => {
  test('of whatever was read is whole characters, and loses none where the next one begins', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, at) => {
        const all = Buffer.from(text);
        const first = logPiece(0, 0, all.subarray(0, at));
        const next = first.from + first.bytes.length;
        const second = logPiece(next, next, all.subarray(next));
        const joined = [first, second].map(({ bytes }) => Buffer.from(bytes).toString());
        expect(joined.join('')).toBe(text);
        expect(joined.join('')).not.toContain('\ufffd');
      }),
    );
  });

  test('from a place that nobody chose begins with a character', () => {
    const piece = logPiece(0, 1, Buffer.from('€uro').subarray(1));
    expect(piece).toEqual({ source: 'job', from: 3, bytes: Buffer.from('uro') });
    expect(batchPiece(Buffer.from('€uro').subarray(1)).bytes).toEqual(Buffer.from('uro'));
  });

  test('that is no UTF-8 is passed on, but for its last bytes', () => {
    const odd = Buffer.from([0xff, 0x80, 0x80, 0x80, 0x80, 0x80]);
    expect(logPiece(0, 0, odd).bytes).toEqual(odd);
    expect(logPiece(0, 0, Buffer.from([0x41, 0xf0])).bytes).toEqual(Buffer.from('A'));
  });
});

test('what HEAppE decoded piece by piece has as many bytes as the file', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 300, maxLength: 900 }), (text) => {
      const file = Buffer.from(`${text.replaceAll('\ufffd', '')}€€€\n`);
      let decoded = '';
      for (let at = 0; at < file.length; at += 1024)
        decoded += file.subarray(at, at + 1024).toString();
      expect(asWritten(decoded)).toHaveLength(file.length);
    }),
    { numRuns: 200 },
  );
  expect(asWritten('\ufffd\ufffda')).toEqual(Buffer.from([0x80, 0x80, 0x61]));
  expect(asWritten('a\ufffd')).toEqual(Buffer.from('a'));
});
