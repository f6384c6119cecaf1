import { describe, expect, test } from '@jest/globals';
import { nearestWord } from './nearest-word.ts';
import { requestId } from './request-id.ts';
import { newTraceId, parseTraceparent, traceContext, traceparent } from './trace-context.ts';

describe('requestId', () => {
  test.each(['a', 'req_1', 'a.b:c-D_9', 'x'.repeat(128)])('keeps the sane %s', (value) => {
    expect(requestId(value)).toBe(value);
  });

  test.each(['', 'x'.repeat(129), 'a b', 'a\n', 'ü', '<script>', undefined])(
    'replaces %j by a new one',
    (value) => {
      expect(requestId(value)).toMatch(/^req_[0-9a-f]{32}$/);
    },
  );

  test('takes the first of several, and never makes the same twice', () => {
    expect(requestId(['one', 'two'])).toBe('one');
    expect(requestId(undefined)).not.toBe(requestId(undefined));
  });
});

describe('trace context', () => {
  const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  test('reads and writes the same header', () => {
    const context = parseTraceparent(header);
    expect(context).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentId: 'b7ad6b7169203331',
      sampled: true,
    });
    expect(context && traceparent(context)).toBe(header);
  });

  test.each([
    undefined,
    '',
    'garbage',
    header.toUpperCase(),
    header.replace('00-0af', 'ff-0af'),
    `${header}-more`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
  ])('%j is as good as none', (value) => {
    expect(parseTraceparent(value)).toBeNull();
    const made = traceContext(value);
    expect(parseTraceparent(traceparent(made))).toEqual(made);
  });

  test('a later version is read as far as it is known', () => {
    expect(parseTraceparent(`${header.replace('00-0af', '01-0af')}-more`)?.traceId).toMatch(
      /^0af7/,
    );
    expect(parseTraceparent([header, header])).toBeNull();
    expect(newTraceId()).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('nearestWord', () => {
  test('finds what was meant, or nothing', () => {
    expect(nearestWord('WAKEFIELD_CLUSTER', ['WAKEFIELD_CLUSTERS', 'WAKEFIELD_DATA'])).toBe(
      'WAKEFIELD_CLUSTERS',
    );
    expect(nearestWord('anything', ['WAKEFIELD_DATA'])).toBeNull();
    expect(nearestWord('a', [])).toBeNull();
  });
});
