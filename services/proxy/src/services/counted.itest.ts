import type { ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import {
  defaultLimitRules,
  type LimitRules,
  noLimits,
  type RequestLimits,
} from '@wakefield/domain';
import { until } from '../../test/harness.ts';
import { as, atRoot, pathTo, serviceRoute } from '../../test/service.ts';
import { errorOf, useServiceScene } from '../../test/service-scene.ts';
import { openSession } from '../../test/session.ts';
import { startWsEngine } from '../../test/ws-engine.ts';

const scene = useServiceScene();

const only = (scope: 'principal' | 'project', limits: Partial<RequestLimits>): LimitRules => ({
  ...defaultLimitRules,
  scopes: {
    ...defaultLimitRules.scopes,
    [scope]: { defaults: { ...noLimits, ...limits }, named: new Map() },
  },
});
const limit = async (scope: 'principal' | 'project', limits: Partial<RequestLimits>) => {
  await scene.restart({}, { limits: only(scope, limits) });
  await scene.serve(scene.notebook, scene.storage);
};
/** So many are over. */
const ended = async (count: number) => {
  await until('counted', () => scene.proxy.usage.ended.length === count);
  return scene.proxy.usage.ended;
};
const user = { headers: as('user-of-demo') };

describe('limits', () => {
  it('of requests count those to services, and say so as those for models', async () => {
    await limit('principal', { requestsPerMinute: 2 });
    const first = await scene.ask(pathTo(scene.storage), user);
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    expect((await scene.ask(pathTo(scene.storage), user)).status).toBe(200);
    const third = await scene.ask(pathTo(scene.storage), user);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await errorOf(third)).slice(0, 2)).toEqual([429, 'rate_limit_exceeded']);
    expect(scene.engine.seen).toHaveLength(2);
    // Somebody else has their own.
    expect((await scene.ask(pathTo(scene.storage))).status).toBe(200);
    const [, , refused] = await ended(4);
    expect(refused).toMatchObject({ status: 429, outcome: 'refused', principal: 'user' });
    // Who it was is in the log, too.
    const lines = scene.proxy.log.map((line) => JSON.parse(line));
    expect(lines.filter(({ msg }) => msg === 'service request')[2]).toMatchObject({
      ...{ serviceId: scene.storage.serviceId, project: 'demo', principal: 'user', status: 429 },
      ...{ outcome: 'refused', limitedBy: 'principal requests', method: 'GET' },
    });
    expect(
      await scene.proxy.metric('wakefield_rate_limited_total{limit="requests",scope="principal"'),
    ).toBe(1);
  });

  it('of a project count what is asked of its services, sessions too', async () => {
    await limit('project', { requestsPerMinute: 1 });
    const url = `${scene.proxy.url.replace('http', 'ws')}${pathTo(scene.notebook)}`;
    await scene.ask(pathTo(scene.notebook));
    const session = await openSession(url, { headers: as('manager-of-demo') }).catch(
      (error: Error) => error.message,
    );
    expect(session).toContain('429');
  });

  it('of requests at a time are given back when they are over', async () => {
    await limit('principal', { concurrentRequests: 1 });
    scene.engine.answer((response) => void response.write('begun'));
    const leaving = new AbortController();
    const first = await scene.ask(pathTo(scene.storage), { ...user, signal: leaving.signal });
    expect(first.status).toBe(200);
    expect((await scene.ask(pathTo(scene.storage), user)).status).toBe(429);
    leaving.abort();
    scene.engine.answer((response) => void response.end());
    await until('given back', async () => (await scene.ask(pathTo(scene.storage), user)).ok);
  });

  it('are given back where there is no room for it, too', async () => {
    const limits = only('principal', { concurrentRequests: 2 });
    await scene.restart({}, { limits, servicesAtOnce: { perCaller: 0, perProcess: 1 } });
    await scene.serve(scene.storage);
    for (let count = 0; count < 4; count += 1) {
      const [status] = await errorOf(await scene.ask(pathTo(scene.storage), user));
      expect(status).toBe(503);
      await ended(count + 1);
    }
  });
});

describe('a record', () => {
  it('says what passed, and for whom', async () => {
    scene.engine.answer((response) => void response.end('x'.repeat(70_000)));
    const body = 'y'.repeat(40_000);
    await (
      await scene.ask(pathTo(scene.storage, '/a?b=c'), { method: 'PUT', body, ...user })
    ).text();
    const [record] = await ended(1);
    const { serviceId } = scene.storage;
    expect(scene.proxy.usage.begun).toMatchObject([{ id: record?.id, service: serviceId }]);
    expect(record).toMatchObject({
      ...{ project: 'demo', hfModelId: null, service: serviceId, principal: 'user' },
      ...{ operation: 'service', status: 200, outcome: 'complete', streamed: false },
      ...{ bytesUp: 40_000, bytesDown: 70_000, promptTokens: 0, firstByteMs: expect.any(Number) },
    });
    expect(await scene.proxy.metric('wakefield_service_bytes_total{direction="up"')).toBe(40_000);
    expect(await scene.proxy.metric('wakefield_service_bytes_total{direction="down"')).toBe(70_000);
  });

  it.each([
    ['the service fails', 500, 'engine_error'],
    ['the service refuses', 404, 'complete'],
  ])('tells that %s', async (_, status, outcome) => {
    scene.engine.answer((response) => void response.writeHead(status).end());
    await scene.ask(pathTo(scene.storage), user);
    expect(await ended(1)).toMatchObject([{ status, outcome }]);
  });

  it('tells that the service is not there', async () => {
    await scene.serve(serviceRoute(1, { access: atRoot, serviceId: scene.storage.serviceId }));
    expect((await scene.ask(pathTo(scene.storage), user)).status).toBe(502);
    expect(await ended(1)).toMatchObject([{ status: 502, outcome: 'refused', firstByteMs: null }]);
  });

  it('tells that an answer broke off', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setImmediate(() => response.destroy());
    });
    await (await scene.ask(pathTo(scene.storage), user)).text().catch(() => undefined);
    expect(await ended(1)).toMatchObject([{ status: 200, outcome: 'cut', bytesDown: 4 }]);
  });

  it('tells that its client has left', async () => {
    scene.engine.answer((response) => void response.write('begun'));
    const leaving = new AbortController();
    await scene.ask(pathTo(scene.storage), { ...user, signal: leaving.signal });
    leaving.abort();
    expect(await ended(1)).toMatchObject([{ status: 499, outcome: 'client_left' }]);
  });

  it('is none of who may not, nor of what does not answer yet', async () => {
    const { notebook } = scene;
    await scene.ask(pathTo(notebook), user);
    await scene.serve(serviceRoute(null, { serviceId: notebook.serviceId }), scene.storage);
    expect((await scene.ask(pathTo(notebook))).status).toBe(409);
    await scene.ask(pathTo(scene.storage), user);
    expect(await ended(1)).toMatchObject([{ service: scene.storage.serviceId }]);
  });
});

describe('a session', () => {
  it('is one record, with what passed and how long it took', async () => {
    const speaker = await startWsEngine();
    const { endpoint } = serviceRoute(speaker.port);
    await scene.serve({ ...scene.notebook, endpoint });
    const url = `${scene.proxy.url.replace('http', 'ws')}${pathTo(scene.notebook, '/ws')}`;
    const { client } = await openSession(url, { headers: as('manager-of-demo') });
    const [side] = speaker.sessions;
    side?.on('message', (data) => side.send(data));
    const heard = new Promise((resolve) => client.once('message', resolve));
    client.send(Buffer.alloc(1000));
    await heard;
    expect(await scene.proxy.metric('wakefield_service_sessions')).toBe(1);
    expect(await scene.proxy.metric('wakefield_service_requests_in_flight')).toBe(0);
    client.terminate();
    const [record] = await ended(1);
    // Frames of so many bytes have a head of 4, and from clients a mask of 4 (RFC 6455 §5.2).
    expect(record).toMatchObject({
      ...{ operation: 'service/websocket', status: 101, outcome: 'complete', streamed: true },
      ...{ bytesUp: 1008, bytesDown: 1004 },
    });
    expect(record?.durationMs).toBeGreaterThan(0);
    expect(await scene.proxy.metric('wakefield_service_sessions')).toBe(0);
    const seconds = await scene.proxy.metric('wakefield_service_session_seconds_total');
    expect(seconds).toBeCloseTo((record?.durationMs ?? 0) / 1000, 2);
    await speaker.close();
  });
});

describe('a prompt', () => {
  const prompt = (body: object) =>
    scene.ask(`/api/v1/vllm/${scene.storage.serviceId}/prompt`, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { ...as('user-of-demo'), 'content-type': 'application/json' },
    });
  const answered = (usage: object | null) => (response: ServerResponse) => {
    const choices = [{ message: { content: 'Hello.' }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ model: 'gpt2', choices, usage }));
  };
  const usage = { prompt_tokens: 30, completion_tokens: 20, total_tokens: 50 };
  const engine = () => scene.serve({ ...scene.storage, model: 'gpt2' });

  it('is counted with the tokens that its engine tells, in limits too', async () => {
    await limit('project', { tokensPerMinute: 100 });
    await engine();
    scene.engine.answer(answered(usage));
    const left = async (most: number) => {
      const answer = await prompt({ prompt: 'Say hello.', max_tokens: most });
      return [answer.status, answer.headers.get('x-ratelimit-remaining-tokens')];
    };
    // The body has 39 bytes, so 10 tokens are reserved for it beside the 30 of the answer.
    expect(await left(30)).toEqual([200, '60']);
    expect((await ended(1))[0]).toMatchObject({
      ...{ operation: 'service/prompt', promptTokens: 30, completionTokens: 20, estimated: false },
    });
    // Of the 100 there were 60 left, and 50 are when its engine has told.
    expect((await left(48))[0]).toBe(429);
  });

  it.each([
    ['is estimated where its engine tells none', answered(null), 3, 2, true],
    [
      'that its engine refuses takes none',
      (response: ServerResponse) => void response.writeHead(400).end('{"message":"no"}'),
      ...([0, 0, false] as const),
    ],
  ])('%s', async (_, script, promptTokens, completionTokens, estimated) => {
    await engine();
    scene.engine.answer(script);
    await prompt({ prompt: 'Say hello.' });
    expect(await ended(1)).toMatchObject([{ promptTokens, completionTokens, estimated }]);
  });
});
