import { describe, expect, it } from '@jest/globals';
import type { KnownLog } from '@wakefield/control';
import fc from 'fast-check';
import { endEvent, logEvent, noticeEvent, positionText, readPosition } from './events.ts';

import { lastPart, passable, textOf } from './part.ts';
import { createReaders } from './readers.ts';

const known = (text: string | Buffer, at = 0) =>
  ({ at, bytes: Buffer.from(text) }) as Partial<KnownLog> as KnownLog;
const all = { lines: Number.POSITIVE_INFINITY, bytes: 1 << 20 };

describe('the last part of a log', () => {
  it.each([
    ['a\nb\nc\n', 2, 100, 0, 2, 'b\nc\n'],
    ['a\nb\nc', 2, 100, 0, 2, 'b\nc'],
    ['a\nb\n', 5, 100, 0, 0, 'a\nb\n'],
    ['a\nb\n', 0, 100, 0, 4, ''],
    ['\n\n\n', 2, 100, 0, 1, '\n\n'],
    ['', 5, 100, 0, 0, ''],
    // Not the rest of a line that began before.
    ['aaa\nbbb\n', 9, 6, 0, 4, 'bbb\n'],
    ['aaa\nbbb\n', 9, 4, 0, 4, 'bbb\n'],
    ['aaa\nbbb\n', 9, 100, 50, 54, 'bbb\n'],
    // Unless it is all that there is.
    ['aaa\nbbbbbbbb', 9, 5, 0, 7, 'bbbbb'],
    ['€€', 9, 4, 0, 3, '€'],
  ])(
    'of %j, %d lines, %d bytes at most, known from %d, begins at %d',
    (text, lines, bytes, at, from, part) => {
      const read = lastPart(known(text, at), { lines, bytes });
      expect([read.from, read.bytes.toString()]).toEqual([from, part]);
    },
  );

  it('is whole lines, as many as asked for or there are', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z€]{0,5}$/)), fc.nat(12), (lines, count) => {
        const text = lines.map((line) => `${line}\n`).join('');
        const read = lastPart(known(text), { ...all, lines: count });
        const wanted = count === 0 ? [] : lines.slice(-count);
        expect(read.bytes.toString()).toBe(wanted.map((line) => `${line}\n`).join(''));
        expect(read.from + read.bytes.length).toBe(Buffer.byteLength(text));
      }),
    );
  });
});

describe('what is passed on', () => {
  it.each([
    ['one\ntwo', false, 100, 4],
    ['one\ntwo', true, 100, 7],
    ['one', false, 100, 0],
    ['one', false, 3, 3],
    ['€€', false, 3, 3],
    ['', true, 3, 0],
  ])('of %j is whole lines, or what will never be one', (text, isEnd, longest, count) => {
    expect(passable(Buffer.from(text), isEnd, longest)).toBe(count);
  });

  it('is text for people', () => {
    expect(textOf(Buffer.from([0x61, 0, 0xff, 0x62]))).toBe('a\ufffdb');
  });
});

describe('events', () => {
  it('have a line for each line', () => {
    const bytes = Buffer.from('one\r\ntwo 10%\rtwo 20%\n\nthree\n');
    expect(logEvent(bytes, '1-30')).toBe(
      'id: 1-30\nevent: log\ndata: one\ndata: two 10%\ndata: two 20%\ndata: \ndata: three\n\n',
    );
    expect(logEvent(Buffer.from('\n'), null)).toBe('event: log\ndata: \n\n');
  });

  it('cannot be forged by what a job prints', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const lines = logEvent(Buffer.from(text), '1-1')
          .slice(0, -2)
          .split(/\r\n|\n|\r/);
        expect(lines.slice(0, 2)).toEqual(['id: 1-1', 'event: log']);
        for (const line of lines.slice(2)) expect(line).toMatch(/^data: /);
        expect(noticeEvent(text).split(/[\r\n]/)).toHaveLength(4);
        expect(endEvent('failed', text, null).split(/[\r\n]/)).toHaveLength(4);
      }),
    );
  });

  it('say where they are, in one way', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seq, offset) => {
        const position = { seq: seq % 1e9, offset };
        expect(readPosition(positionText(position))).toEqual(position);
      }),
    );
    for (const odd of [undefined, '', '1', '1-', '-1', '1-2-3', '1-99999999999999999', 'x-1'])
      expect(readPosition(odd)).toBeNull();
  });
});

it('followers are counted, in all and for each caller', () => {
  const followers = createReaders('followed', { inAll: 3, ofCaller: 2 });
  const first = followers.enter('a');
  followers.enter('a');
  expect(() => followers.enter('a')).toThrow('by you');
  followers.enter('b');
  expect(() => followers.enter('c')).toThrow('here');
  first();
  followers.enter('c');
});
