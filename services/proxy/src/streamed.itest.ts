import { describe, expect, it } from '@jest/globals';
import { completion, done, json, sseHeaders, streaming } from '../test/engine.ts';
import { auth, chat, until } from '../test/harness.ts';
import { useScene, wake } from '../test/scene.ts';

const scene = useScene();
const ask = (operation: string, body: object) =>
  fetch(`${scene.proxy.url}/p/demo/openai/v1/${operation}`, {
    method: 'POST',
    headers: { ...auth, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const held = () => scene.proxy.metric('wakefield_held_requests');
/** Long enough for a stream to be opened while it waits. */
const longHoldMs = 300;

/** `c/d` wakes up once somebody has waited for it for a while. */
async function wakeLate(): Promise<void> {
  await until('held', async () => (await held()) === 1);
  await new Promise((resolve) => setTimeout(resolve, longHoldMs));
  wake(scene.proxy, scene.engine, 'c/d');
}

const cases = ['chat/completions', 'completions', 'embeddings'].flatMap((operation) =>
  [true, false].flatMap((stream) =>
    [true, false].map((hold) => [operation, stream, hold] as const),
  ),
);

describe('what is asked, and what it is answered with', () => {
  it.each(cases)('%s, stream: %s, held: %s', async (operation, stream, hold) => {
    const isEvents = stream && operation !== 'embeddings';
    // As vLLM does: embeddings know no `stream`.
    scene.engine.answer(
      isEvents ? streaming(['one']) : (response) => json(response, 200, completion('stop', 'x')),
    );
    const waking = hold ? wakeLate() : undefined;
    const answer = await ask(operation, { model: hold ? 'c/d' : 'a/b', stream });
    await waking;
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(
      isEvents ? /^text\/event-stream/ : /^application\/json/,
    );
    if (isEvents) expect(text.endsWith(done)).toBe(true);
    else expect(JSON.parse(text)).toEqual(completion('stop', 'x'));
    expect(text.includes(': wakefield')).toBe(isEvents && hold);
  });
});

describe('an engine that answers an opened stream with something else', () => {
  it('is not listened to without end', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        if (response.destroyed) return;
        response.write(Buffer.alloc(64 * 1024, ' '));
        response.once('drain', more);
      };
      more();
    });
    const answer = await chat(scene.proxy.url, { model: 'c/d', stream: true });
    wake(scene.proxy, scene.engine, 'c/d');
    expect(await answer.text()).toMatch(/data: \{"error":.*"upstream_error".*\}\n\n$/);
    await until('told to stop', () => scene.engine.seen[0]?.aborted === true);
  });

  it('is told with its own words when they are short', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, { ...sseHeaders, 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'no streams here', code: 400 } }));
    });
    const answer = await chat(scene.proxy.url, { model: 'c/d', stream: true });
    wake(scene.proxy, scene.engine, 'c/d');
    expect(await answer.text()).toContain('no streams here');
  });
});
