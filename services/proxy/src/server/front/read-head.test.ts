import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { headProblem } from '@wakefield/contracts';
import fc from 'fast-check';
import { oddRequest } from '../../../test/odd-requests.ts';
import { headerIn, readHead } from './read-head.ts';

const most = 1000;
const read = (text: string) => readHead(Buffer.from(text, 'latin1'), most);
const line = 'POST /p HTTP/1.1\r\n';
const whole = `${line}Host: x:80\r\nX-A:\r\naccept: a, b;q=1\r\nContent-Length: 3\r\n\r\n`;

describe('the head of a request', () => {
  it('is read as it came', () => {
    expect(read(`${whole}abc`)).toEqual({
      method: 'POST',
      target: '/p',
      rawHeaders: ['Host', 'x:80', 'X-A', '', 'accept', 'a, b;q=1', 'Content-Length', '3'],
      said: expect.any(Array),
      bodyBytes: 3,
      keepAlive: true,
      headBytes: whole.length,
    });
    expect(read('GET /a?b=c HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatchObject({
      method: 'GET',
      target: '/a?b=c',
      bodyBytes: 0,
      keepAlive: false,
    });
  });

  it('is asked for what something acts upon, however its name is written', () => {
    const found = read(whole.replace('X-A:', 'X-Request-ID: r1\r\nAUTHORIZATION: a b'));
    const said = typeof found === 'string' ? [] : found.said;
    const asked = ['host', 'x-request-id', 'authorization', 'content-length', 'prefer'] as const;
    expect(asked.map((name) => headerIn(said, name))).toEqual([
      'x:80',
      'r1',
      'a b',
      '3',
      undefined,
    ]);
    expect(headerIn(said, 'expect')).toBeUndefined();
  });

  it('is not there before its last byte is', () => {
    for (let length = 1; length < whole.length; length += 1) {
      expect(read(whole.slice(0, length))).toBe('incomplete');
    }
  });

  it.each([
    ['of another method', whole.replace('POST', 'PUT')],
    ['of a body that is too long', whole.replace(': 3', ': 1001')],
    ['of no body', `${line}host: x\r\n\r\n`],
    ['of a GET with a body', whole.replace('POST', 'GET')],
    ['of too many headers', whole.replace('X-A:\r\n', 'x:\r\n'.repeat(62))],
    ['that is too large', whole.replace('X-A:', `x:${'y'.repeat(8200)}`)],
    ['that goes on and on', `${line}x: ${'y'.repeat(8200)}`],
    ['that begins otherwise', ' '],
    ['that cannot become one', `${line}host: x\n`],
  ])('is none for here: one %s', (_, text) => {
    expect(read(text)).toBe('other');
  });
});

interface NodeReading {
  readonly request: IncomingMessage;
  readonly keepAlive: boolean;
  readonly body: string;
}

/** What node:http makes of these bytes. */
async function readByNode(text: string): Promise<NodeReading | null> {
  const found = Promise.withResolvers<NodeReading | null>();
  const server = createServer(
    { requireHostHeader: false },
    (request, { shouldKeepAlive: keepAlive }) => {
      let body = '';
      request.setEncoding('latin1').on('data', (piece: string) => {
        body += piece;
      });
      request.on('end', () => found.resolve({ request, keepAlive, body }));
    },
  );
  server.on('checkContinue', () => found.resolve(null));
  server.on('checkExpectation', () => found.resolve(null));
  server.on('clientError', () => found.resolve(null));
  const socket = new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() });
  server.emit('connection', socket as Socket);
  socket.push(Buffer.from(text, 'latin1'));
  return await found.promise;
}

describe('a head that is read here', () => {
  it('is read by node:http in the same sense', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(oddRequest, async (text) => {
        const head = read(text);
        if (typeof head === 'string') return;
        const end = head.headBytes + head.bodyBytes;
        if (text.length < end) return;
        taken += 1;
        // What is behind it is another one's business.
        const node = await readByNode(text.slice(0, end));
        expect(node?.request).toMatchObject({
          method: head.method,
          url: head.target,
          httpVersion: '1.1',
          rawHeaders: head.rawHeaders,
          complete: true,
        });
        expect(node?.body).toBe(text.slice(head.headBytes, end));
        expect(node?.keepAlive).toBe(head.keepAlive);
        expect(node === null ? null : headProblem(node.request)).toBeNull();
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('is none that is complete sooner, or later', () => {
    fc.assert(
      fc.property(oddRequest, (text) => {
        const head = read(text);
        if (typeof head === 'string') return;
        expect(read(text.slice(0, head.headBytes))).toEqual(head);
        expect(read(text.slice(0, head.headBytes - 1))).toBe('incomplete');
      }),
      { numRuns: 5000 },
    );
  });
});
