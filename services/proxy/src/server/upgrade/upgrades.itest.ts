import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endpoint, type Harness, startHarness, until } from '../../../test/harness.ts';
import { useRawClients } from '../../../test/raw.ts';
import { openSession, RefusedError } from '../../../test/session.ts';
import { startWsEngine, type WsEngine } from '../../../test/ws-engine.ts';

const open = useRawClients();
let engine: WsEngine;
let proxy: Harness;
beforeEach(async () => {
  engine = await startWsEngine();
  proxy = await startHarness({ drainDelayMs: 60_000, apiUrl: `http://127.0.0.1:${engine.port}` });
  proxy.route('a/b', {
    state: 'ready',
    idle: false,
    endpoints: [endpoint(engine.port, 'job-1')],
  });
  await proxy.caughtUp();
});
afterEach(async () => {
  await proxy.stop(AbortSignal.abort());
  await engine.close();
});

const offer =
  'GET /x HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const health = (lines = '') => `GET /health HTTP/1.1\r\nhost: x\r\n${lines}\r\n`;
/** What Node reads of a socket at once. */
const oneRead = 65_536;

/** Requests that fill one read to its last byte; the answer to the last of them is the last of its connection. */
function fullRead(): string {
  const last = health('upgrade: x\r\n');
  const padded = (bytes: number) =>
    health(`x: ${'y'.repeat(bytes - health('x: \r\n').length)}\r\n`);
  const left = oneRead - last.length;
  const each = Math.floor(left / 8);
  return padded(each).repeat(7) + padded(left - 7 * each) + last;
}

describe('an offer of WebSocket', () => {
  it('behind the last answer of its connection is nobody’s, whatever came in between', async () => {
    const { socket, send, text, closed } = await open(proxy.port);
    // Which node:http is to read, and not the front.
    send('PATCH /health HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    await until('answered', () => text().includes('HTTP/1.1 405'));
    socket.on('error', () => undefined);
    send(fullRead() + health() + offer);
    await closed();
    expect(engine.offers).toHaveLength(0);
    expect((await fetch(`${proxy.url}/health`)).status).toBe(200);
  });

  it.each(['/p/demo/openai/v1/realtime?model=a/b', '/queues/live'])(
    'to a proxy that goes away is refused, as others will take it: %s',
    async (path) => {
      const hurry = new AbortController();
      const stopped = proxy.stop(hurry.signal);
      const refused = await openSession(`${proxy.url}${path}`).then(
        () => null,
        (error: unknown) => error,
      );
      if (!(refused instanceof RefusedError)) throw new Error('it was not refused');
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
      expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'shutting_down' } });
      expect(engine.offers).toHaveLength(0);
      hurry.abort();
      await stopped;
    },
  );
});
