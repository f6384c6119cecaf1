import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chunk,
  done,
  role,
  type Script,
  type ScriptedEngine,
  sseHeaders,
  startEngine,
} from '../test/engine.ts';
import { chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';

let proxy: Harness;
let frozen: ScriptedEngine;
let other: ScriptedEngine;

const endedGraceMs = 100;
const endedQuietMs = 300;
const routeTo = (...engines: readonly (readonly [ScriptedEngine, string])[]) =>
  proxy.route('a/b', {
    state: 'ready',
    idle: false,
    endpoints: engines.map(([{ port }, jobId]) => endpoint(port, jobId)),
  });
/** A node that is gone: the connection stays, nothing comes any more. */
const silent: Script = () => undefined;
const silentAfter =
  (...pieces: readonly string[]): Script =>
  (response) => {
    response.writeHead(200, sseHeaders);
    for (const piece of pieces) response.write(piece);
  };
const arrived = (engine: ScriptedEngine, count = 1) =>
  until('arrived', () => engine.seen.length === count);
const inFlight = () => proxy.metric('wakefield_requests_in_flight');

beforeEach(async () => {
  [frozen, other] = await Promise.all([startEngine(silent), startEngine()]);
  proxy = await startHarness({ endedGraceMs, endedQuietMs });
  routeTo([frozen, 'job-1']);
  await proxy.caughtUp();
});

afterEach(async () => {
  await proxy.stop();
  await Promise.all([frozen.close(), other.close()]);
});

describe('a job that ends while its engine is silent', () => {
  it('loses its request to another engine when nothing was answered yet', async () => {
    const answer = chat(proxy.url);
    await arrived(frozen);
    routeTo([other, 'job-2']);
    expect((await answer).status).toBe(200);
    expect(other.seen).toHaveLength(1);
    expect(await proxy.metric('wakefield_upstream_retries_total{reason="ended"')).toBe(1);
    await until('told to stop', () => frozen.seen[0]?.aborted === true);
  });

  it('leaves its request waiting for the next one, and no longer counts as at work', async () => {
    const answer = chat(proxy.url);
    await arrived(frozen);
    routeTo();
    await until('held', async () => (await proxy.metric('wakefield_held_requests')) === 1);
    expect(await inFlight()).toBe(0);
    routeTo([other, 'job-2']);
    expect((await answer).status).toBe(200);
  });

  it('ends its stream with an error event', async () => {
    frozen.answer(silentAfter(role, chunk({ content: 'one' })));
    const answer = await chat(proxy.url, { stream: true });
    routeTo([other, 'job-2']);
    expect(await answer.text()).toMatch(/data: \{"error":.*"upstream_error".*\}\n\n$/);
    expect(other.seen).toHaveLength(0);
    expect(await inFlight()).toBe(0);
  });

  it('finishes what it has while it drains, and no longer once it has ended', async () => {
    frozen.answer(silentAfter(role, chunk({ content: 'one' })));
    const cut = await chat(proxy.url, { stream: true });
    const finish = Promise.withResolvers<void>();
    frozen.answer((response, seen) => {
      void silentAfter(role, chunk({ content: 'two' }))(response, seen);
      void finish.promise.then(() => response.end(done));
    });
    const finished = await chat(proxy.url, { stream: true });
    proxy.finishing('job-1');
    routeTo([other, 'job-2']);
    await proxy.caughtUp();
    await chat(proxy.url);
    expect(other.seen).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 3 * endedGraceMs));
    expect(await inFlight()).toBe(2);
    finish.resolve();
    expect((await finished.text()).endsWith(done)).toBe(true);
    proxy.finishing();
    expect(await cut.text()).toContain('"upstream_error"');
  });
});

describe('a job that ends while its engine is well', () => {
  /** A piece every now and then, for longer than anybody waits for one that brings nothing. */
  const slowly: Script = async (response) => {
    response.writeHead(200, sseHeaders);
    response.write(role);
    for (let piece = 0; piece < 20; piece += 1) {
      response.write(chunk({ content: 'x' }));
      await new Promise((resolve) => setTimeout(resolve, endedGraceMs / 2));
    }
    response.end(done);
  };

  it('finishes its stream, and loses one of which nothing comes', async () => {
    frozen.answer(slowly);
    const alive = await chat(proxy.url, { stream: true });
    frozen.answer(silentAfter(role, chunk({ content: 'one' })));
    const dead = await chat(proxy.url, { stream: true });
    frozen.answer(silent);
    const unanswered = chat(proxy.url);
    await arrived(frozen, 3);
    routeTo([other, 'job-2']);
    expect((await unanswered).status).toBe(200);
    expect(await dead.text()).toContain('"upstream_error"');
    expect(await inFlight()).toBe(1);
    expect((await alive.text()).endsWith(done)).toBe(true);
    expect(await inFlight()).toBe(0);
  });

  it('finishes one that its client takes slowly', async () => {
    const piece = chunk({ content: 'x'.repeat(65_536) });
    frozen.answer(async (response) => {
      response.writeHead(200, sseHeaders);
      response.write(role);
      // More than all buffers on the way take.
      for (let count = 0; count < 400; count += 1)
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
      response.end(done);
    });
    const answer = await chat(proxy.url, { stream: true });
    routeTo([other, 'job-2']);
    await proxy.caughtUp();
    await new Promise((resolve) => setTimeout(resolve, 3 * endedQuietMs));
    expect((await answer.text()).endsWith(done)).toBe(true);
  });
});

describe('a job that was requeued', () => {
  it('keeps its id, is dialled where it is now, and lost what it had', async () => {
    const answer = chat(proxy.url);
    await arrived(frozen);
    routeTo([other, 'job-1']);
    await proxy.caughtUp();
    expect((await chat(proxy.url)).status).toBe(200);
    expect((await answer).status).toBe(200);
    expect(frozen.seen).toHaveLength(1);
    expect(other.seen).toHaveLength(2);
  });
});
