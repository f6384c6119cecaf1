import type { ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { UsageRecord } from '@wakefield/domain';
import { chunk, done, json, role, type Seen, sseHeaders, streaming } from '../test/engine.ts';
import { auth, chat, endpoint, until } from '../test/harness.ts';
import { useScene } from '../test/scene.ts';

const scene = useScene();
const usage = { prompt_tokens: 12, total_tokens: 19, completion_tokens: 7 };
const usageChunk = (told: object = usage) =>
  chunk({}).replace(/"choices":\[.*\]/, `"choices":[],"usage":${JSON.stringify(told)}`);

/** Streams as vLLM does: with usage where it is asked for. */
function answer(response: ServerResponse, seen: Seen, told: object = usage): void {
  const asked = JSON.parse(seen.body).stream_options?.include_usage === true;
  response.writeHead(200, sseHeaders);
  for (const one of words) response.write(one);
  if (asked) response.write(usageChunk(told));
  response.end(done);
}
const words = [role, chunk({ content: 'one' }), chunk({ content: 'two' }), chunk({}, 'stop')];
const unasked = [...words, done].join('');

async function recorded(count = 1): Promise<readonly UsageRecord[]> {
  const { ended } = scene.proxy.usage;
  await until(`${count} records`, () => ended.length === count);
  return ended;
}

async function onlyRecord(): Promise<UsageRecord> {
  const [record] = await recorded();
  if (record === undefined) throw new Error('there is no record');
  return record;
}

const text = async (body: object = {}) =>
  await (await chat(scene.proxy.url, { stream: true, ...body })).text();

describe('a stream', () => {
  it('is counted as its engine counts, and looks as if nobody had asked', async () => {
    scene.engine.answer((response, seen) =>
      answer(response, seen, { ...usage, prompt_tokens_details: { cached_tokens: 8 } }),
    );
    expect(await text()).toBe(unasked);
    expect(JSON.parse(scene.engine.seen[0]?.body ?? '')).toEqual({
      stream_options: { include_usage: true },
      model: 'a/b',
      messages: [],
      stream: true,
    });
    expect(scene.engine.seen[0]?.headers['content-length']).toBe(
      String(scene.engine.seen[0]?.body.length),
    );
    expect(await onlyRecord()).toMatchObject({
      project: 'demo',
      hfModelId: 'a/b',
      principal: 'test',
      operation: 'chat/completions',
      status: 200,
      outcome: 'complete',
      streamed: true,
      promptTokens: 12,
      completionTokens: 7,
      cachedTokens: 8,
      estimated: false,
      heldMs: 0,
    });
    expect(await scene.proxy.metric('wakefield_tokens_total{kind="completion"')).toBe(7);
    expect(await scene.proxy.metric('wakefield_estimated_tokens_total')).toBe(0);
  });

  it('whose caller asks for usage passes as it is', async () => {
    scene.engine.answer((response, seen) => answer(response, seen));
    const options = { stream_options: { include_usage: true } };
    expect(await text(options)).toBe([...words, usageChunk(), done].join(''));
    expect(scene.engine.seen[0]?.body).toBe(
      JSON.stringify({ model: 'a/b', messages: [], stream: true, ...options }),
    );
    expect(await onlyRecord()).toMatchObject({ completionTokens: 7, estimated: false });
  });

  it('keeps what its caller says of streams otherwise', async () => {
    scene.engine.answer((response, seen) => answer(response, seen));
    expect(await text({ stream_options: { include_obfuscation: false } })).toBe(unasked);
    expect(JSON.parse(scene.engine.seen[0]?.body ?? '').stream_options).toEqual({
      include_usage: true,
      include_obfuscation: false,
    });
  });

  it.each(['vllm', 'demo/a/b'])('is left alone where %s is to be', async (name) => {
    await scene.restart({ usageLeftAlone: [name] });
    scene.engine.answer((response, seen) => answer(response, seen));
    expect(await text()).toBe(unasked);
    expect(scene.engine.seen[0]?.body).not.toContain('stream_options');
    const { promptTokens, completionTokens, estimated } = await onlyRecord();
    // Its chunks but the one with the role: two words, an end and [DONE].
    expect([completionTokens, estimated]).toEqual([4, true]);
    expect(promptTokens).toBe(Math.ceil((scene.engine.seen[0]?.body.length ?? 0) / 4));
    expect(await scene.proxy.metric('wakefield_tokens_total')).toBe(0);
    expect(await scene.proxy.metric('wakefield_estimated_tokens_total{kind="completion"')).toBe(4);
  });

  it('that breaks off is estimated', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      for (const one of words.slice(0, 3)) response.write(one);
      setTimeout(() => response.socket?.destroy(), 20);
    });
    expect(await text()).toContain('upstream_error');
    expect(await onlyRecord()).toMatchObject({
      status: 200,
      outcome: 'cut',
      completionTokens: 2,
      estimated: true,
    });
  });

  it('that its client leaves is estimated', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      for (const one of words.slice(0, 3)) response.write(one);
    });
    const leaving = new AbortController();
    const stream = await chat(scene.proxy.url, { stream: true }, { signal: leaving.signal });
    let come = '';
    const reader = stream.body?.getReader();
    while (!come.includes('two')) come += Buffer.from((await reader?.read())?.value ?? []);
    leaving.abort();
    expect(await onlyRecord()).toMatchObject({
      status: 499,
      outcome: 'client_left',
      completionTokens: 2,
      estimated: true,
    });
  });

  it('that its client leaves is estimated, also where it is none', async () => {
    const size = 400_000;
    scene.engine.answer((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1e6 });
      response.write(Buffer.alloc(size, ' '));
    });
    const leaving = new AbortController();
    const answer = await chat(scene.proxy.url, {}, { signal: leaving.signal });
    const reader = answer.body?.getReader();
    for (let come = 0; come < size; ) come += (await reader?.read())?.value?.length ?? size;
    leaving.abort();
    expect(await onlyRecord()).toMatchObject({
      status: 499,
      outcome: 'client_left',
      streamed: false,
      promptTokens: Math.ceil((scene.engine.seen[0]?.body.length ?? 0) / 4),
      completionTokens: size / 4,
      estimated: true,
    });
  });

  it('that the end of the proxy cuts is estimated', async () => {
    await scene.restart({ drainMs: 0 });
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      for (const one of words.slice(0, 3)) response.write(one);
    });
    const stream = await chat(scene.proxy.url, { stream: true });
    const { usage: seen } = scene.proxy;
    await until('it is at its engine', () => seen.begun.length === 1);
    await scene.proxy.stop();
    expect(await stream.text()).toContain('shutting_down');
    expect(await onlyRecord()).toMatchObject({ outcome: 'cut', estimated: true });
  });
});

describe('an engine that refuses stream_options', () => {
  const refusal = {
    error: { message: 'Unknown field: stream_options', type: 'Bad Request', code: 400 },
  };

  it('is asked again as the caller asked, and no more for usage', async () => {
    scene.engine.answer((response, seen) => {
      if (seen.body.includes('stream_options')) json(response, 400, refusal);
      else answer(response, seen);
    });
    expect(await text()).toBe(unasked);
    expect(await text()).toBe(unasked);
    expect(scene.engine.seen.map(({ body }) => body.includes('stream_options'))).toEqual([
      true,
      false,
      false,
    ]);
    const records = await recorded(2);
    expect(records.map(({ estimated, status }) => [estimated, status])).toEqual([
      [true, 200],
      [true, 200],
    ]);
    expect(scene.proxy.usage.begun).toHaveLength(2);
    expect(scene.proxy.log.join('')).toContain('an engine refuses to tell the usage of streams');
  });

  it('for what its caller says of them is the caller’s to hear', async () => {
    scene.engine.answer((response) => json(response, 400, refusal));
    const response = await chat(scene.proxy.url, {
      stream: true,
      stream_options: { include_usage: true },
    });
    expect([response.status, await response.json()]).toEqual([400, refusal]);
    expect(scene.engine.seen).toHaveLength(1);
  });

  it('or only shows them, is asked for usage by the next request', async () => {
    // As FastAPI does: what is wrong, with all that was sent.
    scene.engine.answer((response, seen) => {
      if (seen.body.includes('"bad"'))
        json(response, 400, { error: { input: JSON.parse(seen.body) } });
      else answer(response, seen);
    });
    const response = await chat(scene.proxy.url, { stream: true, bad: 1 });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { input: { model: 'a/b', messages: [], stream: true, bad: 1 } } },
    ]);
    expect(await text()).toBe(unasked);
    const records = await recorded(2);
    expect(records.map(({ estimated, promptTokens }) => [estimated, promptTokens])).toEqual([
      [false, 0],
      [false, 12],
    ]);
  });
});

describe('every request that was let in', () => {
  it('has one record, however many engines were asked', async () => {
    const { proxy, engine } = scene;
    proxy.route('a/b', { endpoints: [endpoint(9, 'dead'), endpoint(engine.port, 'alive')] });
    await proxy.caughtUp();
    for (let round = 0; round < 4; round += 1) await (await chat(proxy.url)).text();
    const records = await recorded(4);
    expect(new Set(records.map(({ id }) => id)).size).toBe(4);
    expect(proxy.usage.begun.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    expect(records.map(({ promptTokens }) => promptTokens)).toEqual([3, 3, 3, 3]);
  });

  it('has a record of its own, whatever its caller calls it', async () => {
    const headers = { 'x-request-id': 'req_00000000000000000000000000000000' };
    for (let round = 0; round < 2; round += 1) {
      await (await chat(scene.proxy.url, {}, { headers })).text();
    }
    const own = await chat(scene.proxy.url);
    await own.text();
    const ids = (await recorded(3)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids).not.toContain('00000000000000000000000000000000');
    expect(`req_${ids[2]}`).toBe(own.headers.get('x-request-id'));
  });

  it.each<[string, object | string, Partial<UsageRecord>]>([
    ['for a model that is not there', { model: 'x' }, { status: 404, hfModelId: null }],
    ['for a model that sleeps', { model: 'c/d' }, { status: 503, hfModelId: 'c/d' }],
    ['that is no JSON', '{', { status: 400, hfModelId: null, streamed: false }],
  ])('has one, also %s', async (_what, body, expected) => {
    await (await chat(scene.proxy.url, body, { headers: { prefer: 'wait=0' } })).text();
    expect(await onlyRecord()).toMatchObject({
      outcome: 'refused',
      promptTokens: 0,
      completionTokens: 0,
      estimated: false,
      firstByteMs: null,
      ...expected,
    });
    expect(scene.proxy.usage.begun).toHaveLength(0);
  });

  it('tells how long it was held, and took', async () => {
    const { proxy, engine } = scene;
    const held = chat(proxy.url, { model: 'c/d', stream: true });
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    engine.answer(streaming(['x']));
    proxy.route('c/d', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
    await (await held).text();
    const { heldMs, durationMs, firstByteMs } = await onlyRecord();
    expect(heldMs).toBeGreaterThanOrEqual(50);
    expect(firstByteMs).toBeGreaterThanOrEqual(heldMs);
    expect(durationMs).toBeGreaterThanOrEqual(firstByteMs ?? 0);
  });

  it('is none of a project’s that it was not let into', async () => {
    const { proxy } = scene;
    await chat(proxy.url, {}, { headers: { authorization: 'Bearer wrong' } });
    const url = proxy.url.concat('/p/nowhere/openai/v1/chat/completions');
    await fetch(url, { method: 'POST', headers: auth, body: '{"model":"a/b"}' });
    await (await chat(proxy.url)).text();
    expect((await recorded()).map(({ status }) => status)).toEqual([200]);
  });
});
