import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { noTimeouts } from '@wakefield/domain';
import { type Simulator, startSimulator } from '@wakefield/simulator';
import { endpoint, type Harness, key, startHarness, until } from '../test/harness.ts';
import { audio, openSession, RefusedError, type Session, speak } from '../test/session.ts';

const model = 'acme/speech';
const serving = { state: 'ready', idle: false } as const;
let engine: Simulator;
let proxy: Harness;
const sessions: Session[] = [];

beforeEach(async () => {
  engine = await startSimulator({ key: 'key-of-job-1', models: [model] });
  await restart();
});
afterEach(async () => {
  for (const { client } of sessions.splice(0)) client.terminate();
  await proxy.stop(AbortSignal.abort());
  await engine.close();
});

async function restart(...given: Parameters<typeof startHarness>): Promise<void> {
  await (proxy as Harness | undefined)?.stop(AbortSignal.abort());
  proxy = await startHarness(...given);
  proxy.route(model, { ...serving, endpoints: [endpoint(engine.port, 'job-1')] });
  proxy.route('acme/asleep', {});
  await proxy.caughtUp();
}

const url = (query = `model=${model}`) => `${proxy.url}/p/demo/openai/v1/realtime?${query}`;
async function open(to = url(), options?: Parameters<typeof openSession>[1]): Promise<Session> {
  const session = await openSession(to, options);
  sessions.push(session);
  return session;
}
const running = () => proxy.metric('wakefield_requests_in_flight');

describe('a session', () => {
  it('is one with the engine, and its tokens are those that the engine tells', async () => {
    const session = await open();
    expect(await session.next()).toMatchObject({ type: 'session.created' });
    const said: string[] = [];
    for (const tokens of [3, 2]) {
      const { deltas, done } = await speak(session, model, tokens);
      expect(done).toMatchObject({ text: deltas.join(''), usage: { prompt_tokens: tokens } });
      said.push(...deltas.map(String));
    }
    expect(said).toHaveLength(5);
    session.client.close(1000, 'enough');
    expect(await session.closed()).toEqual([1000, 'enough']);
    await until('counted', () => proxy.usage.ended.length === 1);
    expect(proxy.usage.begun).toMatchObject([{ operation: 'realtime', streamed: true }]);
    expect(proxy.usage.ended).toMatchObject([
      {
        operation: 'realtime',
        status: 101,
        outcome: 'complete',
        hfModelId: model,
        promptTokens: 5,
        completionTokens: 5,
        estimated: false,
        bytesUp: await proxy.metric('wakefield_session_bytes_total{direction="up"'),
        bytesDown: await proxy.metric('wakefield_session_bytes_total{direction="down"'),
      },
    ]);
    expect(await proxy.metric('wakefield_session_bytes_total{direction="up"')).toBeGreaterThan(
      5 * 2560,
    );
    expect(await proxy.metric('wakefield_http_requests_total{route="realtime",code="101"')).toBe(1);
    const line = proxy.log.find((one) => one.includes('inference request')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ status: 101, bytesUp: expect.any(Number) });
    expect(await running()).toBe(0);
  });

  it('wakes its model, and begins when an engine is there', async () => {
    const opening = open(url('model=acme/asleep'));
    await until('held', () => proxy.wakes.length === 1);
    expect(await proxy.metric('wakefield_held_requests')).toBe(1);
    proxy.route('acme/asleep', { ...serving, endpoints: [endpoint(engine.port, 'job-1')] });
    const session = await opening;
    expect(await session.next()).toMatchObject({ type: 'session.created' });
    expect(await running()).toBe(1);
  });

  it('is not compressed, whatever its client offers', async () => {
    const session = await open(url(), { perMessageDeflate: true });
    expect(session.client.extensions).toBe('');
  });

  it('asked for by a page, with its key among the protocols: nobody behind sees that', async () => {
    const subprotocols = ['realtime', `openai-insecure-api-key.${key}`];
    const session = await open(url(), { headers: {}, subprotocols });
    expect(session.client.protocol).toBe('realtime');
    await session.next();
    session.client.close();
    await session.closed();
    await until('logged', () => proxy.log.some((line) => line.includes('inference request')));
    expect(proxy.log.join('\n')).not.toContain(key);
  });
});

describe('an offer is refused', () => {
  const refusal = async (to: string, options?: Parameters<typeof openSession>[1]) => {
    const refused = await openSession(to, options).then(
      () => null,
      (error: unknown) => error,
    );
    if (!(refused instanceof RefusedError)) throw new Error('it was not refused');
    const { status, headers, body } = refused;
    return { status, headers, error: (JSON.parse(body) as { error: object }).error };
  };

  it.each([
    ['a wrong key', () => url(), { headers: { authorization: 'Bearer no' } }, 401],
    ['no key', () => url(), { headers: {} }, 401],
    [
      'a wrong key among the protocols',
      () => url(),
      { headers: {}, subprotocols: ['openai-insecure-api-key.no'] },
      401,
    ],
    ['an unknown model', () => url('model=acme/none'), undefined, 404],
    ['no model', () => url(''), undefined, 400],
    ['an empty model', () => url('model='), undefined, 400],
    [
      'an unknown project',
      () => `${proxy.url}/p/other/openai/v1/realtime?model=${model}`,
      undefined,
      404,
    ],
  ])('with %s', async (_, to, options, status) => {
    const { error, headers, ...answer } = await refusal(to(), options);
    expect(answer.status).toBe(status);
    expect(error).toMatchObject({ message: expect.any(String) });
    if (status === 400) expect(error).toMatchObject({ code: 'invalid_request', param: 'model' });
    expect(headers.connection).toBe('close');
    expect(headers['x-request-id']).toMatch(/^req_/);
  });

  it('where nothing wakes the model in time', async () => {
    const headers = { authorization: `Bearer ${key}`, prefer: 'wait=0' };
    const { status, error } = await refusal(url('model=acme/asleep'), { headers });
    expect([status, error]).toEqual([503, expect.objectContaining({ code: 'model_loading' })]);
  });

  it('by an engine that has none, which is not taken for a stranger', async () => {
    const other = await startSimulator({ key: 'key-of-job-2', models: [model], dialect: 'sglang' });
    proxy.route('acme/chat', { ...serving, endpoints: [endpoint(other.port, 'job-2')] });
    await proxy.caughtUp();
    const { status, error } = await refusal(url('model=acme/chat'));
    expect([status, error]).toEqual([
      404,
      expect.objectContaining({ code: 'not_found', param: 'model' }),
    ]);
    expect(proxy.log.join('\n')).not.toContain('avoiding it');
    await other.close();
  });
});

describe('a session ends', () => {
  it('with its engine, and its client is told', async () => {
    const session = await open();
    await session.next();
    await engine.close();
    expect((await session.closed())[0]).toBe(1011);
    await until('counted', () => proxy.usage.ended.length === 1);
    expect(proxy.usage.ended).toMatchObject([{ status: 101, outcome: 'cut' }]);
    engine = await startSimulator({ key: 'key-of-job-1', models: [model] });
  });

  it('with its client, and the engine has it no longer', async () => {
    const session = await open();
    await session.next();
    session.say({ type: 'session.update', model });
    session.say({ type: 'input_audio_buffer.commit' });
    session.say({ type: 'input_audio_buffer.append', audio: audio(2) });
    await session.next();
    await session.next();
    session.client.terminate();
    await until('over', async () => (await running()) === 0);
    // What the engine did not get to tell is counted by its deltas.
    expect(proxy.usage.ended).toMatchObject([
      { outcome: 'client_left', promptTokens: 0, completionTokens: 2, estimated: true },
    ]);
  });

  it('when it takes longer than it may', async () => {
    const headers = { authorization: `Bearer ${key}`, 'x-request-timeout': '0.3' };
    const session = await open(url(), { headers });
    const [code, reason] = await session.closed();
    expect([code, reason]).toEqual([1008, expect.stringContaining('0.3 s')]);
    expect(await proxy.metric('wakefield_request_timeouts_total{limit="total"')).toBe(1);
  });

  it.each([
    ['by its model', 0.3, Number.POSITIVE_INFINITY],
    ['by the configuration', null, 300],
  ])('when neither side says anything for too long, %s', async (_, betweenBytesSeconds, ms) => {
    await restart({}, { sessionIdleMs: ms });
    proxy.route(model, { timeouts: { ...noTimeouts, betweenBytesSeconds } });
    await proxy.caughtUp();
    const session = await open();
    expect(await session.closed()).toEqual([1008, expect.stringContaining('0.3 s')]);
  });

  it('with the proxy, once its time for that is over', async () => {
    await restart({ drainMs: 300 });
    const session = await open();
    await session.next();
    const stopped = proxy.stop();
    await expect(open()).rejects.toThrow();
    const { done } = await speak(session, model, 1);
    expect(done).toMatchObject({ type: 'transcription.done' });
    expect((await session.closed())[0]).toBe(1001);
    await stopped;
    await restart();
  });

  it('with its job, and goes on while that finishes what it has', async () => {
    const session = await open();
    await session.next();
    proxy.finishing('job-1');
    proxy.route(model, { endpoints: [] });
    await proxy.caughtUp();
    const { done } = await speak(session, model, 1);
    expect(done).toMatchObject({ type: 'transcription.done' });
    proxy.finishing();
    expect((await session.closed())[0]).toBe(1011);
  });
});
