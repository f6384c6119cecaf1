import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hostLines, requestHead, UnsendableError } from './request-head.ts';

const host = hostLines({ host: '10.0.0.1', port: 8000 });
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 300 }).map(String.fromCodePoint) });
const anyHeaders = fc.array(fc.tuple(anyText, anyText), { maxLength: 4 });

describe('the head of a request', () => {
  it('has a line for each header, in its order, and says how long the body is', () => {
    const headers = ['x-a', '1', 'X-A', '\xe4\t2', 'x-b', ''];
    expect(requestHead('/v1/x?y', host, headers, 12)).toBe(
      'POST /v1/x?y HTTP/1.1\r\nhost: 10.0.0.1:8000\r\nx-a: 1\r\nX-A: \xe4\t2\r\nx-b: \r\ncontent-length: 12\r\n\r\n',
    );
  });

  it('names an address of IPv6 in brackets', () => {
    expect(hostLines({ host: 'fe80::1', port: 1 })).toBe(' HTTP/1.1\r\nhost: [fe80::1]:1\r\n');
  });

  it.each([
    ['/a b', 'a', 'b'],
    ['/a\r\n', 'a', 'b'],
    ['/a\0', 'a', 'b'],
    ['/ł', 'a', 'b'],
    ['/', 'a b', 'c'],
    ['/', '', 'c'],
    ['/', 'a:', 'c'],
    ['/', 'ä', 'c'],
    ['/', 'a', 'b\r\nc: d'],
    ['/', 'a', 'b\n'],
    ['/', 'a', 'b\r'],
    ['/', 'a', '\0'],
    ['/', 'a', '\x7f'],
    ['/', 'a', 'ł'],
  ])('is none that says something else than it should: %j %j %j', (path, name, value) => {
    expect(() => requestHead(path, host, [name, value], 1)).toThrow(UnsendableError);
  });

  it('is a character for each byte, and as many lines as there are headers, or there is none', () => {
    fc.assert(
      fc.property(anyText, anyHeaders, (path, headers) => {
        let head: string;
        try {
          head = requestHead(path, host, headers.flat(), 1);
        } catch (error) {
          expect(error).toBeInstanceOf(UnsendableError);
          return;
        }
        expect(Buffer.from(head, 'latin1').toString('latin1')).toBe(head);
        const lines = headers.map(([name, value]) => `${name}: ${value}`);
        expect(head.split(/\r\n|\r|\n/)).toEqual([
          `POST ${path} HTTP/1.1`,
          'host: 10.0.0.1:8000',
          ...lines,
          'content-length: 1',
          '',
          '',
        ]);
      }),
    );
  });
});
