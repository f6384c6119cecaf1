import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerHead, connectionWords } from './answer-head.ts';

const words = connectionWords(65_000);
const date = 'Thu, 01 Jan 1970 00:00:00 GMT';
/** Of an answer that brings its own. */
const given = 'Mon, 02 Nov 2026 10:00:00 GMT';

/** The head that node:http writes. */
function byNode(status: number, headers: readonly string[], isLast: boolean): string {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { httpVersionMajor: 1, httpVersionMinor: 1 });
  const response = new ServerResponse(request);
  let written = '';
  const socket = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _encoding, done) => {
      written += bytes.toString('latin1');
      done();
    },
  });
  response.assignSocket(socket as Socket);
  // As the server does, by its own settings.
  Object.assign(response, { _keepAliveTimeout: 65_000 });
  response.shouldKeepAlive = !isLast;
  response.writeHead(status, [...headers]);
  response.end();
  const head = written.slice(0, written.indexOf('\r\n\r\n') + 4);
  return head.includes(given) ? head : head.replace(/\r\nDate: [^\r]+/, `\r\nDate: ${date}`);
}

const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/).map((text) => `x-${text}`),
  fc.constantFrom('Content-Type', 'etag', 'cache-control', 'server', 'X-Y'),
);
const value = fc.stringMatching(/^[!-~\xa1-\xff][ -~\xa1-\xff]{0,30}$/);
const others = fc.array(fc.tuple(name, value), { maxLength: 6 });
const framing = fc.constantFrom<string[]>([], ['content-length', '0'], ['Content-Length', '0']);
const dated = fc.constantFrom<string[]>([], ['date', given]);
const status = fc.oneof(
  fc.constantFrom(200, 204, 304, 404, 500),
  fc.integer({ min: 200, max: 599 }),
);

describe('the head of an answer', () => {
  it('is to the byte what node:http writes', () => {
    fc.assert(
      fc.property(
        status,
        others,
        framing,
        dated,
        fc.boolean(),
        (code, more, length, day, isLast) => {
          const headers = [...length, ...more.flat(), ...day];
          const { text } = answerHead(code, headers, isLast ? words.ends : words.stays, date);
          expect(text).toBe(byNode(code, headers, isLast));
        },
      ),
    );
  });

  it.each([
    [200, [], 'chunks'],
    [200, ['content-length', '5'], 'length'],
    [204, [], 'none'],
    [304, ['content-length', '5'], 'none'],
  ] as const)('tells of %d with %j that its body ends by %s', (code, headers, framedBy) => {
    expect(answerHead(code, headers, words.stays, date).framing).toBe(framedBy);
  });

  it.each(['a\r\nb', 'a\nb', 'a\0b', '\u0100'])('cannot be split: %j', (bad) => {
    expect(() => answerHead(200, ['x', bad], '', date)).toThrow('Invalid character');
    expect(() => answerHead(200, [bad, 'x'], '', date)).toThrow('must be a valid HTTP token');
  });

  it.each(['Connection', 'keep-alive', 'Transfer-Encoding', 'trailer'])(
    'leaves to its server what is said of the connection: %s',
    (header) => {
      expect(() => answerHead(200, [header, 'x'], words.stays, date)).toThrow(
        'not for this answer',
      );
    },
  );
});
