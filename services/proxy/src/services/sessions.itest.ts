import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Identifier } from '@wakefield/auth';
import type { Transport } from '@wakefield/control';
import { AppError } from '@wakefield/domain';
import { WebSocket } from 'ws';
import { startHarness, until } from '../../test/harness.ts';
import { as, atRoot, pathTo, people, serviceKey, serviceRoute } from '../../test/service.ts';
import { useServiceScene } from '../../test/service-scene.ts';
import { openSession, type RefusedError } from '../../test/session.ts';
import { startWsEngine, type WsEngine } from '../../test/ws-engine.ts';

const scene = useServiceScene();
let speaker: WsEngine;
beforeEach(async () => {
  speaker = await startWsEngine();
  const { endpoint } = serviceRoute(speaker.port);
  await scene.serve({ ...scene.notebook, endpoint }, { ...scene.storage, endpoint });
});
afterEach(() => speaker.close());

const headers = as('manager-of-demo');
const open = (path: string, more: object = {}) =>
  openSession(`${scene.proxy.url}${path}`, { headers: { ...headers, ...more } });
const refusal = (path: string, more: object = {}) =>
  open(path, more).then(
    () => null,
    (error: unknown) => error as RefusedError,
  );

describe('a session with a service', () => {
  it('is offered as it came, with the key of the service alone, and speaks both ways', async () => {
    const origin = `http://127.0.0.1:${scene.proxy.port}`;
    const { client } = await openSession(
      `${scene.proxy.url}${pathTo(scene.notebook, '/api/kernels/k/channels?session_id=1')}`,
      {
        headers: { ...headers, cookie: 'wakefield_session=w; _xsrf=x', origin },
        subprotocols: ['v1.kernel.websocket.jupyter.org', 'openai-insecure-api-key.sk-1'],
      },
    );
    const [offer] = speaker.offers;
    expect(offer?.url).toBe(pathTo(scene.notebook, '/api/kernels/k/channels?session_id=1'));
    expect(offer?.headers).toMatchObject({
      authorization: `token ${serviceKey}`,
      cookie: '_xsrf=x',
      origin,
      host: `127.0.0.1:${scene.proxy.port}`,
      'sec-websocket-protocol': 'v1.kernel.websocket.jupyter.org',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(JSON.stringify(offer?.rawHeaders)).not.toMatch(/manager-of-demo|sk-1|wakefield_/);
    const [side] = speaker.sessions;
    side?.on('message', (data, isBinary) => side.send(data, { binary: isBinary }));
    const heard: unknown[] = [];
    client.on('message', (data, isBinary) => heard.push(isBinary ? data : String(data)));
    client.send('"words"');
    const large = Buffer.alloc(1 << 20, 7);
    client.send(large);
    await until('heard', () => heard.length === 2);
    // Jest compares byte by byte, for seconds.
    expect([heard[0], large.equals(heard[1] as Buffer)]).toEqual(['"words"', true]);
    const running = () => scene.proxy.demand()?.models.get(scene.notebook.serviceId)?.running;
    await until('counted', () => running() === 1);
    client.close(1000);
    await until('over', () => side?.readyState === WebSocket.CLOSED && running() === 0);
  });

  it('reaches one below its base path by the id of its job, too', async () => {
    const { client } = await open('/api/v1/services/12/proxy/ws');
    expect(speaker.offers[0]?.url).toBe(pathTo(scene.notebook, '/ws'));
    client.terminate();
  });

  it('holds up who writes while the other side does not read', async () => {
    const { client } = await open(pathTo(scene.storage, '/ws'));
    const [side] = speaker.sessions;
    if (side === undefined) throw new Error('no session');
    for (const [from, to] of [
      [client, side],
      [side, client],
    ] as const) {
      let heard = 0;
      to.on('message', (data) => {
        heard += (data as Buffer).length;
      });
      to.pause();
      const message = Buffer.alloc(1 << 20);
      for (let count = 0; count < 32; count += 1) from.send(message);
      let waiting = -1;
      await until('held up', async () => {
        const before = waiting;
        waiting = from.bufferedAmount;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return waiting === before;
      });
      expect(waiting).toBeGreaterThan(8 * message.length);
      to.resume();
      await until('all of it', () => heard === 32 * message.length, 20_000);
    }
    client.terminate();
  });

  it('ends with either side, with its job, and after a long silence', async () => {
    const mine = await open(pathTo(scene.storage));
    speaker.sessions[0]?.terminate();
    expect((await mine.closed())[0]).toBe(1006);
    const theirs = await open(pathTo(scene.storage));
    theirs.client.terminate();
    await until('closed', () => speaker.sessions[1]?.readyState === WebSocket.CLOSED);
    const ended = await open(pathTo(scene.storage));
    await scene.serve(scene.notebook);
    expect((await ended.closed())[0]).toBe(1006);
    const proxy = await startHarness({}, { sessionIdleMs: 200 }, undefined, { identifier: people });
    const service = serviceRoute(speaker.port);
    proxy.serve(service);
    await proxy.caughtUp();
    const silent = await openSession(`${proxy.url}${pathTo(service)}`, { headers });
    expect((await silent.closed())[0]).toBe(1006);
    await proxy.stop();
  });
});

describe('a session that would go on', () => {
  it('ends with the rights of who has it, and not because they cannot be looked up', async () => {
    let rights: 'there' | 'unknown' | 'gone' = 'there';
    let looks = 0;
    const identifier: Identifier = {
      identify: (authorization) => {
        looks += 1;
        if (rights === 'unknown') throw new AppError('store_unavailable', 'not now');
        return rights === 'gone' ? null : people.identify(authorization);
      },
    };
    const proxy = await startHarness({ serviceRightsMs: 20 }, {}, undefined, { identifier });
    const service = serviceRoute(speaker.port);
    proxy.serve(service);
    await proxy.caughtUp();
    const { client, closed } = await openSession(`${proxy.url}${pathTo(service)}`, { headers });
    for (rights of ['there', 'unknown'] as const) {
      const before = looks;
      await until('looked at', () => looks > before + 2);
      expect(client.readyState).toBe(WebSocket.OPEN);
    }
    rights = 'gone';
    expect((await closed())[0]).toBe(1008);
    await until('let go', () => speaker.sessions[0]?.readyState === WebSocket.CLOSED);
    await proxy.stop();
  });

  it('is told goodbye when the proxy ends, which waits for none', async () => {
    const proxy = await startHarness({ drainMs: 60_000 }, {}, undefined, { identifier: people });
    const service = serviceRoute(speaker.port);
    proxy.serve(service);
    await proxy.caughtUp();
    const { closed } = await openSession(`${proxy.url}${pathTo(service)}`, { headers });
    const before = performance.now();
    const stopped = proxy.stop();
    expect((await closed())[0]).toBe(1001);
    await stopped;
    expect(performance.now() - before).toBeLessThan(20_000);
  });
});

describe('an offer that is not taken', () => {
  it('is one of too many', async () => {
    await scene.restart({}, { servicesAtOnce: { perCaller: 1, perProcess: 2 } });
    await scene.serve(serviceRoute(speaker.port, { serviceId: scene.storage.serviceId }));
    const { client } = await open(pathTo(scene.storage));
    const [offered, asked] = [
      await refusal(pathTo(scene.storage)),
      await scene.ask(pathTo(scene.storage)),
    ];
    for (const [status, after] of [
      [offered?.status, offered?.headers['retry-after']],
      [asked.status, asked.headers.get('retry-after')],
    ])
      expect([status, after]).toEqual([503, '5']);
    client.terminate();
    await until('room', async () => (await scene.ask(pathTo(scene.storage))).status !== 503);
  });

  it('is told who may not, or that it does not answer', async () => {
    for (const [who, status] of [
      ['user-of-demo', 403],
      ['manager-of-other', 404],
      ['nobody', 401],
    ] as const)
      expect((await refusal(pathTo(scene.notebook), as(who)))?.status).toBe(status);
    await scene.serve(serviceRoute(null, { serviceId: scene.notebook.serviceId }));
    const early = await refusal(pathTo(scene.notebook));
    expect([early?.status, early?.headers['retry-after']]).toEqual([409, '5']);
    expect(speaker.offers).toEqual([]);
  });

  it('has the answer of the service', async () => {
    await scene.serve(scene.notebook, scene.storage);
    scene.engine.answer((response) => void response.writeHead(403).end('not here'));
    const error = await refusal(pathTo(scene.storage));
    expect([error?.status, error?.body]).toEqual([403, 'not here']);
  });

  it('is told that there is nobody', async () => {
    await speaker.close();
    const error = await refusal(pathTo(scene.storage));
    expect([error?.status, error?.body]).toEqual([502, expect.stringContaining('upstream_error')]);
  });

  it('is not passed to who speaks none, or to where none can pass', async () => {
    await scene.serve({ ...scene.storage, access: { ...atRoot, websocket: false } });
    expect((await refusal(pathTo(scene.storage)))?.status).toBe(501);
    const bridge: Transport = {
      kind: 'heappe',
      connect: () => Promise.reject(new Error('not asked')),
      close: async () => undefined,
    };
    const proxy = await startHarness({}, {}, () => bridge, { identifier: people });
    const service = serviceRoute(speaker.port);
    proxy.serve(service);
    await proxy.caughtUp();
    const offered = openSession(`${proxy.url}${pathTo(service)}`, { headers });
    await expect(offered).rejects.toMatchObject({
      status: 501,
      body: expect.stringContaining('HEAppE'),
    });
    await proxy.stop();
  });
});
