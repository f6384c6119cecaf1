import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endOfEvent, endOfEvents } from './sse.ts';

const texts = fc
  .array(fc.constantFrom('\n', '\r', '\r\n', 'x', 'data: {}'), { maxLength: 12 })
  .map((parts) => parts.join(''));

it('finds the end of the last event, as reading one after the other does', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const ends = [...text.matchAll(/(?=\n(\r?\n))/g)].map(
        ({ index, 1: rest = '' }) => index + 1 + rest.length,
      );
      const bytes = Buffer.from(text);
      expect(endOfEvents(bytes)).toBe(Math.max(0, ...ends));
      expect(endOfEvent(bytes, 0)).toBe(ends.length === 0 ? -1 : Math.min(...ends));
    }),
    { numRuns: 2000 },
  );
});

it('does not search through a piece that is whole events', () => {
  let searches = 0;
  const bytes = Object.assign(Buffer.from('data: {}\n\n'), {
    lastIndexOf: () => {
      searches += 1;
      return -1;
    },
  });
  expect([endOfEvents(bytes), searches]).toEqual([bytes.length, 0]);
});
