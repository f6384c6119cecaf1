import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { auth, until } from '../test/harness.ts';
import { startRecordingApi } from '../test/recording-api.ts';
import { useScene } from '../test/scene.ts';
import { openSession, RefusedError } from '../test/session.ts';
import { startWsEngine, type WsEngine } from '../test/ws-engine.ts';

let api: WsEngine;
beforeEach(async () => {
  api = await startWsEngine();
});
const scene = useScene(() => ({ apiUrl: `http://127.0.0.1:${api.port}` }));
afterEach(() => api.close());

const url = (path = '/queues/live?x=1') => `${scene.proxy.url}${path}`;
const refused = (path?: string) =>
  openSession(url(path)).then(
    () => null,
    (error: unknown) => error as RefusedError,
  );

describe('a session with the api', () => {
  it('is offered as it came, with who it is from, and speaks both ways', async () => {
    const { client } = await openSession(url());
    const [offer] = api.offers;
    expect(offer?.url).toBe('/queues/live?x=1');
    expect(offer?.headers).toMatchObject({
      ...auth,
      'x-forwarded-for': '127.0.0.1',
      'x-request-id': expect.stringMatching(/^req_/),
      traceparent: expect.any(String),
    });
    const [side] = api.sessions;
    side?.on('message', (data) => side.send(JSON.stringify({ heard: String(data) })));
    const heard: string[] = [];
    client.on('message', (data) => heard.push(String(data)));
    client.send('this');
    await until('heard', () => heard[0] === '{"heard":"this"}');
    client.close(1000, 'bye');
    await until('closed', () => side?.readyState === WebSocket.CLOSED);
    await until('counted', async () => {
      const name = 'wakefield_http_requests_total{route="api",code="101"';
      return (await scene.proxy.metric(name)) === 1;
    });
    // RFC 6455 §5.2: two bytes before each frame, four more in front of what a client says; a code of two bytes in Close.
    const bytes = 'wakefield_api_session_bytes_total{direction=';
    expect(await scene.proxy.metric(`${bytes}"up"`)).toBe(2 + 4 + 4 + (2 + 4 + 5));
    expect(await scene.proxy.metric(`${bytes}"down"`)).toBe(2 + '{"heard":"this"}'.length + 2 + 5);
    expect(await scene.proxy.metric('wakefield_api_session_seconds_total')).toBeGreaterThan(0);
  });

  it('ends with the api', async () => {
    const session = await openSession(url());
    api.sessions[0]?.terminate();
    expect((await session.closed())[0]).toBe(1006);
  });

  it('ends with its client', async () => {
    const { client } = await openSession(url());
    client.terminate();
    await until('closed', () => api.sessions[0]?.readyState === WebSocket.CLOSED);
  });

  it('ends when nothing passes for too long, or the api takes nothing', async () => {
    await scene.restart({ apiUrl: `http://127.0.0.1:${api.port}` }, { sessionIdleMs: 200 });
    const silent = await openSession(url());
    expect((await silent.closed())[0]).toBe(1006);
    const { client } = await openSession(url());
    api.sessions[1]?.pause();
    for (let sent = 0; sent < 400; sent += 1) client.send(Buffer.alloc(256 * 1024));
    await until('let go', () => client.readyState === WebSocket.CLOSED);
  });

  it('asks by the kernel whether its client is still there', async () => {
    const asked = jest.spyOn(Socket.prototype, 'setKeepAlive');
    const session = await openSession(url());
    const sockets = asked.mock.contexts.filter(
      (one) => (one as Socket).localPort === scene.proxy.port,
    );
    expect(sockets).toHaveLength(1);
    expect(asked.mock.calls).toContainEqual([true, 60_000]);
    asked.mockRestore();
    session.client.terminate();
  });

  it('ends with the proxy, when its time for that is over', async () => {
    await scene.restart({ drainMs: 200 });
    const session = await openSession(url());
    const stopped = scene.proxy.stop();
    await session.closed();
    await stopped;
  });
});

describe('an offer that the api does not take', () => {
  it('is answered as the api answers', async () => {
    const plain = await startRecordingApi();
    await scene.restart({ apiUrl: plain.url });
    const error = await refused();
    expect(error).toBeInstanceOf(RefusedError);
    expect([error?.status, error?.body]).toEqual([200, 'answer to GET /queues/live?x=1']);
    expect(error?.headers.connection).toBe('close');
    plain.answer((response) => response.writeHead(404).end('{}'));
    expect(await refused()).toMatchObject({ status: 404, body: '{}' });
    expect(await scene.proxy.metric('wakefield_api_session_bytes_total{direction="down"')).toBe(0);
    expect(await scene.proxy.metric('wakefield_api_session_seconds_total')).toBe(0);
    await plain.close();
  });

  it('is told when there is no api', async () => {
    await scene.restart({ apiUrl: 'http://127.0.0.1:9' });
    const error = await refused();
    expect([error?.status, error?.body]).toEqual([502, expect.stringContaining('upstream_error')]);
  });
});
