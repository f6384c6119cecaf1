import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  defaultLimitRules,
  type LimitRules,
  noLimits,
  type RequestLimits,
} from '@wakefield/domain';
import { ok, type ScriptedEngine, startEngine, streaming } from '../test/engine.ts';
import { auth, chat, endpoint, type Harness, startHarness, until } from '../test/harness.ts';
import { offer } from '../test/offer.ts';
import { openSession } from '../test/session.ts';
import { startWsEngine } from '../test/ws-engine.ts';

let proxy: Harness;
let engine: ScriptedEngine;
beforeEach(async () => {
  engine = await startEngine();
});
afterEach(async () => {
  await proxy.stop(AbortSignal.abort());
  await engine.close();
});

const rules = (scopes: Partial<Record<keyof LimitRules['scopes'], Partial<RequestLimits>>>) => {
  const scopeOf = (name: keyof LimitRules['scopes']) => ({
    defaults: { ...noLimits, ...scopes[name] },
    named: new Map(),
  });
  return {
    ...defaultLimitRules,
    scopes: {
      principal: scopeOf('principal'),
      project: scopeOf('project'),
      model: scopeOf('model'),
    },
  };
};

async function start(limits: LimitRules): Promise<void> {
  proxy = await startHarness({ limits });
  proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
  await proxy.caughtUp();
}

const ratesOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-ratelimit-')));
const limited = (labels: string) => proxy.metric(`wakefield_rate_limited_total{${labels}`);

describe('a session', () => {
  it('is one of the requests that may be under way at once, for as long as it lasts', async () => {
    const speech = await startWsEngine();
    await start(rules({ principal: { concurrentRequests: 1 } }));
    proxy.route('a/speech', { state: 'ready', idle: false, endpoints: [endpoint(speech.port)] });
    await proxy.caughtUp();
    const url = `${proxy.url}/p/demo/openai/v1/realtime?model=a/speech`;
    const { client } = await openSession(url);
    const refused = await offer(url, auth);
    expect([refused.status, (await chat(proxy.url)).status]).toEqual([429, 429]);
    expect(refused.headers.get('retry-after')).toBeTruthy();
    client.terminate();
    await until('free', async () => (await chat(proxy.url)).status === 200);
    await speech.close();
  });
});

describe('a caller', () => {
  it('is told where it stands, in the words of OpenAI, and when to come again', async () => {
    await start(rules({ principal: { requestsPerMinute: 2, tokensPerMinute: 10_000 } }));
    const answer = await chat(proxy.url, { max_tokens: 100 });
    expect(answer.status).toBe(200);
    expect(ratesOf(answer)).toEqual({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': '30s',
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': expect.stringMatching(/^98\d\d$/),
      'x-ratelimit-reset-tokens': expect.stringMatching(/^\d+ms$/),
    });
    // The answer said 5 tokens: what was reserved beside is back.
    const second = await chat(proxy.url, { max_tokens: 10 });
    expect(Number(second.headers.get('x-ratelimit-remaining-tokens'))).toBeGreaterThan(9900);
    const refused = await chat(proxy.url);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(25);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(30);
    expect(ratesOf(refused)).toMatchObject({ 'x-ratelimit-remaining-requests': '0' });
    expect(await refused.json()).toEqual({
      error: {
        message: expect.stringMatching(
          /^The limit of the principal "test" is reached: 2 requests per minute\. Come again in \d+ s\.$/,
        ),
        type: 'requests',
        code: 'rate_limit_exceeded',
        param: null,
        request_id: refused.headers.get('x-request-id'),
      },
    });
    expect(engine.seen).toHaveLength(2);
    expect(await limited('limit="requests",scope="principal"')).toBe(1);
    const line = proxy.log.find((one) => one.includes('"limitedBy":"principal requests"'));
    expect(line).toContain('"status":429');
  });

  it('is told of tokens by themselves, and never to come again where that is of no use', async () => {
    await start(rules({ project: { tokensPerMinute: 1000 } }));
    const never = await chat(proxy.url, { max_tokens: 5000 });
    expect(never.status).toBe(429);
    expect(never.headers.get('retry-after')).toBeNull();
    expect(never.headers.get('x-should-retry')).toBe('false');
    expect(await never.json()).toMatchObject({ error: { type: 'tokens', param: 'max_tokens' } });
    engine.answer(() => undefined);
    const waiting = new AbortController();
    const first = chat(proxy.url, { max_tokens: 700 }, { signal: waiting.signal });
    await until('it is at the engine', () => engine.seen.length === 1);
    const refused = await chat(proxy.url, { max_tokens: 700 });
    expect(await refused.json()).toMatchObject({
      error: { type: 'tokens', message: expect.stringContaining('project "demo"') },
    });
    // Who leaves before an answer has used its prompt at most.
    waiting.abort();
    await expect(first).rejects.toThrow();
    engine.answer(ok);
    await until('it is given back', async () => {
      const answer = await chat(proxy.url, { max_tokens: 700 });
      return answer.status === 200;
    });
  });

  it('is told the same of streams, in their early headers, too', async () => {
    await start(rules({ model: { requestsPerMinute: 100 } }));
    engine.answer(streaming(['a', 'b']));
    const answer = await chat(proxy.url, { stream: true });
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('100');
    await answer.text();
    proxy.route('a/b', { state: 'not_loaded', idle: true, endpoints: [] });
    await proxy.caughtUp();
    const early = await chat(proxy.url, { stream: true });
    expect(early.headers.get('x-ratelimit-remaining-requests')).toBe('98');
    proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
    expect(await early.text()).toContain('[DONE]');
  });

  it('has so many under way and no more, from the moment that it waits', async () => {
    await start(rules({ principal: { concurrentRequests: 2 } }));
    proxy.route('a/b', { state: 'not_loaded', idle: true, endpoints: [] });
    await proxy.caughtUp();
    const held = [chat(proxy.url), chat(proxy.url)];
    await until('they wait', async () => (await proxy.metric('wakefield_held_requests')) === 2);
    const refused = await chat(proxy.url);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('2 requests at a time');
    proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await chat(proxy.url)).status).toBe(200);
  });

  it('is limited by what the registration of a model says, as soon as it says it', async () => {
    await start(rules({}));
    expect(ratesOf(await chat(proxy.url))).toEqual({});
    proxy.route('a/b', { limits: { ...noLimits, requestsPerMinute: 1 } });
    await proxy.caughtUp();
    expect((await chat(proxy.url)).headers.get('x-ratelimit-limit-requests')).toBe('1');
    const refused = await chat(proxy.url);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('model \\"demo/a/b\\"');
  });

  it('pays for what is asked of models, and for nothing else', async () => {
    await start(rules({ principal: { requestsPerMinute: 3 } }));
    const openai = `${proxy.url}/p/demo/openai/v1`;
    for (let count = 0; count < 5; count += 1) {
      const models = await fetch(`${openai}/models`, { headers: auth });
      expect(models.status).toBe(200);
      expect(ratesOf(models)).toEqual({});
      expect((await chat(proxy.url, { model: 'no/such' })).status).toBe(404);
      expect((await chat(proxy.url, '{')).status).toBe(400);
    }
    const embedding = await fetch(`${openai}/embeddings`, {
      method: 'POST',
      headers: { ...auth, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'a/b', input: 'x' }),
    });
    expect(ratesOf(embedding)).toMatchObject({ 'x-ratelimit-remaining-requests': '2' });
  });

  it('hears what an engine says of limits from nobody but us', async () => {
    await start(rules({}));
    engine.answer((response) => {
      response.setHeader('x-ratelimit-limit-requests', '7');
      return ok(response, engine.seen[0] as (typeof engine.seen)[number]);
    });
    expect(ratesOf(await chat(proxy.url))).toEqual({});
  });
});
