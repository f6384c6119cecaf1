import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Engine, startEngine } from '../test/engine.ts';
import { openScene, type Scene } from '../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
let engine: Engine;
beforeAll(async () => {
  scene = await openScene();
  engine = await startEngine(scene);
});
afterAll(() => scene.stop());

describe('streams', () => {
  beforeAll(() => engine.open());

  test('bytes pass unchanged, events and others', async () => {
    const events = await engine.stream('/events', '{}');
    expect(events.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await events.text()).toBe(
      'data: {"n":1}\n\ndata: {"n":2}\n\ndata: {"n":3}\n\ndata: [DONE]\n\n',
    );
    const long = await engine.stream('/long', '{}');
    expect(await long.json()).toEqual({ text: 'x'.repeat(600) });
  });

  test('errors are lines of a 200', async () => {
    const texts = async (path: string, change = {}) => {
      const answer = await engine.stream(path, '{}', change);
      expect(answer.status).toBe(200);
      return answer.text();
    };
    expect(await texts('/busy')).toBe('data: Error: ResponseNotOk\n\n');
    expect(await texts('/breaks')).toBe(
      'data: first\n\ndata: Error: The response ended prematurely. (ResponseEnded)\n\n',
    );
    expect(await texts('/events', { SessionCode: 'nobody' })).toBe('data: Error: Unauthorized\n\n');
    const charset = [{ Name: 'Content-Type', Value: 'application/json; charset=utf-8' }];
    expect(await texts('/events', { HttpHeaders: charset })).toMatch(/^data: Error: The format/);
    expect(await texts('/events', { HttpRequest: 'events' })).toMatch(/^data: Error: Invalid URI/);
    expect(await texts('/events', { HttpRequest: '' })).toMatch(/^Validation failed: /);
  });

  test('a caller who goes takes the engine’s request along', async () => {
    const leave = new AbortController();
    const response = await fetch(
      `${scene.server.url}/heappe/DataTransfer/HttpPostToJobNodeStream`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...engine.through,
          HttpRequest: '/endless',
          HttpHeaders: [],
          HttpPayload: '{}',
        }),
        signal: leave.signal,
      },
    );
    await response.body?.getReader().read();
    expect(await engine.file('closed')).toBeNull();
    leave.abort();
    const deadline = Date.now() + 5000;
    while ((await engine.file('closed')) === null && Date.now() < deadline);
    expect(await engine.file('closed')).toBe('closed\n');
  });
});

describe('streams on purpose', () => {
  beforeAll(() => engine.open());
  afterEach(() => scene.server.control.clearFaults());

  test('are cut after so many bytes', async () => {
    scene.server.control.setSwitches({ cutStreamsAfterBytes: 10 });
    expect(await (await engine.stream('/events', '{}')).text()).toMatch(
      /^data: {"n":1}\n\ndata: Error: The response ended/,
    );
  });

  test('stand still after so many bytes', async () => {
    scene.server.control.setSwitches({ stallStreamsAfterBytes: 10 });
    const response = await engine.stream('/events', '{}');
    const reader = response.body?.getReader();
    await reader?.read();
    const next = reader?.read().then(() => 'more');
    const pause = new Promise((resolve) => setTimeout(() => resolve('nothing'), 300));
    expect(await Promise.race([next, pause])).toBe('nothing');
    await reader?.cancel();
  });
});

describe('a connection', () => {
  test('that dies cuts what goes through it', async () => {
    await engine.open();
    const response = await engine.stream('/endless', '{}');
    const reader = response.body?.getReader();
    await reader?.read();
    scene.server.control.makeTunnelsStale();
    let text = '';
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) break;
      text += Buffer.from(value).toString();
    }
    expect(text).toMatch(/data: Error: The response ended prematurely. \(ResponseEnded\)\n\n$/);
  });
});
