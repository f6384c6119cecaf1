import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sumOf } from '../wire.ts';
import { AnswerReader } from './answer-reader.ts';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** A body as some parts of a stream, and how it is framed. */
const streams = fc
  .array(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), { maxLength: 6 })
  .map((parts) => [...parts.map((part) => `data: ${part}\n\n`), 'data: [DONE]\n\n']);
const cuts = fc.array(fc.nat(400), { maxLength: 12 });

function pieces(text: string, at: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const sorted = [
    0,
    ...at.filter((one) => one < bytes.length).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

describe('an answer', () => {
  it('is the same however its bytes come', () => {
    fc.assert(
      fc.property(streams, cuts, fc.boolean(), (parts, at, isChunked) => {
        const body = parts.join('');
        const framed = isChunked
          ? `transfer-encoding: chunked\r\n\r\n${parts.map(chunk).join('')}0\r\n\r\n`
          : `Content-Length: ${body.length}\r\n\r\n${body}`;
        let seen = '';
        const expected = { stream: true, least: body.length, most: body.length };
        const sum = sumOf(Buffer.from(body));
        const reader = new AnswerReader({ ...expected, sum }, true, (bytes) => {
          seen += bytes.toString('latin1');
        });
        const all = pieces(`HTTP/1.1 200 OK\r\n${framed}`, at);
        const complete = all.map((piece) => reader.take(piece));
        expect(seen).toBe(body);
        expect(complete.at(-1)).toBe(true);
        expect(
          complete.slice(0, -1).filter((one, index) => one && (all[index + 1]?.length ?? 0) > 0),
        ).toEqual([]);
      }),
    );
  });

  it('has the words that are expected, but for digits, where all of it is looked at', () => {
    const sum = sumOf(Buffer.from('{"a":1}'));
    const take = (body: string, looks: boolean) =>
      new AnswerReader({ stream: false, least: 7, most: 7, sum }, looks).take(
        Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n${body}`),
      );
    expect(take('{"a":7}', true)).toBe(true);
    expect(() => take('{"b":1}', true)).toThrow('other words');
    expect(take('{"b":1}', false)).toBe(true);
  });

  it('ends where it says', () => {
    const reader = new AnswerReader({ stream: false, least: 2, most: 2 }, true);
    expect(reader.take(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'))).toBe(true);
    expect(() => reader.take(Buffer.from('x'))).toThrow('bytes behind an answer');
  });
});
