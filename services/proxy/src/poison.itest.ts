import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePorts } from '@wakefield/local-stack';
import {
  chunk,
  completion,
  done,
  json,
  ok,
  role,
  type Script,
  type ScriptedEngine,
  sseHeaders,
  startEngine,
} from '../test/engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

/** A request that engines die of: vLLM's core does, and its HTTP front is there to say so, or goes as well. */
let proxy: Harness;
let engines: ScriptedEngine[];

const message = 'EngineCore encountered an issue. See stack trace (above) for the root cause.';
const dyingCore: Script = (response) =>
  json(response, 500, { error: { message, type: 'InternalServerError', param: null, code: 500 } });
const dyingStream: Script = (response) => {
  response.writeHead(200, sseHeaders);
  response.end(`data: ${JSON.stringify({ error: { message, code: 500 } })}\n\n${done}`);
};
const hangUp: Script = (response) => void response.socket?.destroy();
const after =
  (ms: number, script: Script): Script =>
  (response, seen) =>
    void setTimeout(() => void script(response, seen), ms);
const hangUpBehindHead: Script = (response) => {
  response.writeHead(200, sseHeaders);
  response.flushHeaders();
  setTimeout(() => response.socket?.destroy(), 20);
};
const hangUpBehindRole: Script = (response) => {
  response.writeHead(200, sseHeaders);
  response.write(role);
  response.socket?.end();
};
const abort: Script = (response) => json(response, 200, completion('abort', ''));

const routeTo = (...ports: readonly (readonly [number, string])[]) =>
  proxy.route('a/b', {
    state: 'ready',
    idle: false,
    endpoints: ports.map(([port, jobId]) => endpoint(port, jobId)),
  });
const routeToAll = () => routeTo(...engines.map(({ port }, at) => [port, `job-${at}`] as const));
const sawIt = () => engines.filter(({ seen }) => seen.some(({ body }) => body.includes('poison')));
const poison = (stream = false) => chat(proxy.url, { stream, user: 'poison' });
const held = () => until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
const expectNotRepeated = (answer: Response) => {
  expect(answer.headers.get('x-should-retry')).toBe('false');
  expect(answer.headers.get('retry-after')).toBeNull();
};

beforeEach(async () => {
  engines = await Promise.all([startEngine(), startEngine(), startEngine(), startEngine()]);
  proxy = await startHarness({}, { holdMs: 1500, earlyHeadersMs: 5000 });
});

afterEach(async () => {
  await proxy.stop();
  await Promise.all(engines.map((engine) => engine.close()));
});

describe('a request that engines die of', () => {
  it.each<[string, Script, boolean]>([
    ['says that its core is gone', dyingCore, false],
    ['says so in a stream', dyingStream, true],
    ['breaks off at once', hangUp, false],
    ['breaks off at work', after(250, hangUp), false],
    ['breaks off behind its head', hangUpBehindHead, true],
    ['breaks off behind the role', hangUpBehindRole, true],
  ])('is shown to two of four when each %s', async (_, script, stream) => {
    for (const engine of engines) engine.answer(script);
    routeToAll();
    const answer = await poison(stream);
    expect(answer.status).toBe(502);
    expectNotRepeated(answer);
    expect(await answer.json()).toMatchObject({ error: { code: 'upstream_error' } });
    expect(sawIt()).toHaveLength(2);
  });

  it('is shown to two in all when their connections had been in use', async () => {
    routeToAll();
    await Promise.all(engines.map(() => chat(proxy.url)));
    for (const engine of engines) engine.answer(hangUp);
    expectNotRepeated(await poison());
    expect(sawIt()).toHaveLength(2);
  });

  it('is shown to two in all when engines die in different ways', async () => {
    const scripts = [abort, dyingCore, hangUpBehindHead, dyingCore];
    engines.forEach((engine, at) => {
      engine.answer(scripts[at] ?? abort);
    });
    routeToAll();
    expectNotRepeated(await poison());
    // The first was being ended, and that is nobody's fault.
    expect(sawIt()).toHaveLength(3);
  });

  it('takes one replacement with it, not each that comes', async () => {
    for (const engine of engines) engine.answer(dyingCore);
    const ports = engines.map(({ port }) => port);
    routeTo([ports[0] ?? 0, 'job-0']);
    const answer = poison();
    await until('seen', () => sawIt().length === 1);
    routeTo([ports[1] ?? 0, 'job-1']);
    expect((await answer).status).toBe(502);
    expectNotRepeated(await answer);
    expect(sawIt()).toHaveLength(2);
  });

  it('counts a requeued job as another engine', async () => {
    for (const engine of engines) engine.answer(dyingCore);
    const ports = engines.map(({ port }) => port);
    routeTo([ports[0] ?? 0, 'job-0']);
    const answer = poison();
    await until('seen', () => sawIt().length === 1);
    routeTo([ports[1] ?? 0, 'job-0']);
    expectNotRepeated(await answer);
    expect(sawIt()).toHaveLength(2);
  });

  it('counts it as another engine also when the first one is heard of late', async () => {
    const [first, second] = engines;
    const goOn = Promise.withResolvers<void>();
    first?.answer((response, seen) => void goOn.promise.then(() => dyingCore(response, seen)));
    second?.answer(dyingCore);
    routeTo([first?.port ?? 0, 'job-0']);
    const answer = poison();
    await until('seen', () => sawIt().length === 1);
    routeTo([second?.port ?? 0, 'job-0']);
    goOn.resolve();
    expectNotRepeated(await answer);
    expect(sawIt()).toHaveLength(2);
  });

  it('is not asked for again when no other engine came in time', async () => {
    const [first] = engines;
    first?.answer(dyingCore);
    routeTo([first?.port ?? 0, 'job-0']);
    const answer = poison();
    await until('seen', () => sawIt().length === 1);
    proxy.route('a/b', { state: 'queued', idle: false, endpoints: [] });
    expect((await answer).status).toBe(503);
    expect((await answer).headers.get('x-should-retry')).toBe('false');
  });
});

describe('a request beside it', () => {
  it('is served by the third engine when one had died and one was not there', async () => {
    engines[0]?.answer(dyingCore);
    const nobody = await freePorts(1);
    routeTo([engines[0]?.port ?? 0, 'job-0'], [nobody, 'job-1'], [engines[2]?.port ?? 0, 'job-2']);
    expect((await chat(proxy.url)).status).toBe(200);
  });

  it('does not pay for engines that had died before it came', async () => {
    for (const engine of engines.slice(0, 2)) engine.answer(dyingCore);
    routeTo([engines[0]?.port ?? 0, 'job-0'], [engines[1]?.port ?? 0, 'job-1']);
    expectNotRepeated(await poison());
    const bystander = chat(proxy.url);
    await held();
    // Both are tried again meanwhile, and still say that they are dead.
    await until('tried', () => engines.slice(0, 2).every(({ seen }) => seen.length > 1));
    routeTo([engines[2]?.port ?? 0, 'job-2']);
    expect((await bystander).status).toBe(200);
  });

  it('is served when idle connections of all engines had gone stale', async () => {
    const used = new Set<unknown>();
    for (const engine of engines) {
      engine.answer((response, seen) => {
        used.add(response.socket);
        setTimeout(() => void ok(response, seen), 30);
      });
    }
    routeToAll();
    await Promise.all(engines.map(() => chat(proxy.url)));
    // The connection is no longer good, the engine is.
    for (const engine of engines) {
      engine.answer((response, seen) => {
        const script = used.has(response.socket) ? hangUp : ok;
        void script(response, seen);
      });
    }
    expect((await chat(proxy.url)).status).toBe(200);
  });

  it('goes on where the engine lives that had forgotten its connection, and may lose it once', async () => {
    const [first, second] = engines;
    routeTo([first?.port ?? 0, 'job-0']);
    await chat(proxy.url);
    let asked = 0;
    first?.answer((response, seen) => {
      asked += 1;
      void (asked < 3 ? hangUp : dyingCore)(response, seen);
    });
    const answer = chat(proxy.url);
    await until('asked again', () => asked === 2);
    routeTo([second?.port ?? 0, 'job-1']);
    expect((await answer).status).toBe(200);
  });

  it('gets the end of a stream that began well', async () => {
    engines[0]?.answer((response) => {
      response.writeHead(200, sseHeaders);
      response.end(role + chunk({ content: 'x' }) + chunk({}, 'stop') + done);
    });
    routeToAll();
    const answer = await chat(proxy.url, { stream: true });
    expect((await answer.text()).endsWith(done)).toBe(true);
  });
});
