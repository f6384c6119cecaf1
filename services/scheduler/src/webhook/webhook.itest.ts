import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { serviceNoticeSchema } from '@wakefield/contracts';
import type { Notice } from '@wakefield/domain';
import { type HookServer, hookServer, webhookTo } from '../../test/hook-server.ts';

let server: HookServer;
beforeEach(async () => {
  server = await hookServer();
});
afterEach(() => server.close());

const at = Date.parse('2026-11-21T10:20:12.345Z');
const serviceId = '0199f7d2-51b8-7d3c-a5e0-7c9b0e5f1a22';
const notice: Notice = {
  ...{ serviceId, kind: 'ending', seq: 2, at },
  facts: {
    ...{ clusterJobId: '3652098', name: 'mine', recipe: 'inference/vllm', project: 'eu-00-00' },
    ...{ cluster: 'karolina', state: 'running', reason: 'Žluťoučký kůň', endsAt: at + 600_000 },
  },
};
const never = new AbortController().signal;
const send = (over: Partial<Notice> = {}, timeoutMs?: number) =>
  webhookTo(server, () => at + 5_000, timeoutMs).send({ ...notice, ...over }, never);

describe('a notice', () => {
  test('is one signed POST of what happened', async () => {
    expect(await send()).toBeNull();
    const [delivery] = server.deliveries;
    expect(delivery).toEqual({
      id: `${serviceId}_ending_2`,
      timestamp: Math.floor((at + 5_000) / 1000),
      ...{ method: 'POST', path: '/hooks/services?for=us' },
      body: {
        ...{ type: 'service.ending', timestamp: '2026-11-21T10:20:12.345Z' },
        data: {
          ...{ id: '3652098', uuid: serviceId, name: 'mine', recipe_name: 'inference/vllm' },
          ...{ project: 'eu-00-00', status: 'running', reason: 'Žluťoučký kůň' },
          ...{ ends_at: '2026-11-21T10:30:12.345Z', cluster: 'karolina' },
        },
      },
    });
    expect(serviceNoticeSchema.parse(delivery?.body)).toEqual(delivery?.body);
    expect(delivery?.id).not.toContain('.');
  });

  test('of a service that never had a job goes by its uuid', async () => {
    const facts = { ...notice.facts, clusterJobId: null, endsAt: null, state: 'stopped' } as const;
    await send({ kind: 'stopped', seq: 0, facts });
    const body = server.deliveries[0]?.body;
    expect(body).toMatchObject({ type: 'service.stopped', data: { id: serviceId, ends_at: null } });
    expect(serviceNoticeSchema.parse(body)).toEqual(body);
  });

  test('has the same id and body whenever it is sent', async () => {
    await send();
    await webhookTo(server, () => at + 60_000).send(notice, never);
    const [first, second] = server.deliveries;
    expect(second).toEqual({ ...first, timestamp: (first?.timestamp ?? 0) + 55 });
  });
});

describe('an answer', () => {
  test.each([200, 202, 204, 299])('of %i is good', async (status) => {
    server.answer = (_, response) => response.writeHead(status).end();
    expect(await send()).toBeNull();
  });

  test.each([400, 401, 404, 410, 429, 500, 503])('of %i is none', async (status) => {
    server.answer = (_, response) => response.writeHead(status).end('no');
    expect(await send()).toBe(`it answered ${status}`);
  });

  test.each([301, 302, 307, 308])('of %i leads nowhere', async (status) => {
    server.answer = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end();
    expect(await send()).toBe(`it answered ${status}`);
    expect(server.deliveries.map(({ path }) => path)).toEqual(['/hooks/services?for=us']);
  });

  test('without an end is not read', async () => {
    let closed = false;
    server.answer = (_, response) => {
      response.writeHead(200);
      const more = () => response.write('x'.repeat(1 << 16), () => !closed && more());
      response.on('close', () => {
        closed = true;
      });
      more();
    };
    expect(await send()).toBeNull();
    const deadline = Date.now() + 5_000;
    while (!closed && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed).toBe(true);
  });

  test('that does not come is not waited for', async () => {
    server.answer = () => undefined;
    expect(await send({}, 200)).toBe('no answer within 0.2 s');
  });

  test('from nobody is a failure that does not say where', async () => {
    await server.close();
    const problem = await send();
    expect(problem).toBe('no answer: ECONNREFUSED');
    server = await hookServer();
  });

  test('is not waited for by whoever has to stop', async () => {
    server.answer = () => undefined;
    const stopped = AbortSignal.timeout(50);
    expect(await webhookTo(server, () => at).send(notice, stopped)).toBe('no answer');
  });
});
