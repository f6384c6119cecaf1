import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerKind } from './aggregate.ts';
import { PlainFromStream, type PlainOutcome } from './plain-from-stream.ts';

const head = { id: 'c-1', object: 'chat.completion.chunk', created: 7, model: 'm' };
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

function outcomeOf(kind: AnswerKind, payloads: readonly unknown[], done = true): PlainOutcome {
  const maker = new PlainFromStream(kind);
  for (const payload of payloads) maker.push(Buffer.from(`data: ${JSON.stringify(payload)}\n\n`));
  if (done) maker.push(Buffer.from('data: [DONE]\n\n'));
  return maker.outcome();
}

function answerOf(kind: AnswerKind, payloads: readonly unknown[]): unknown {
  const outcome = outcomeOf(kind, payloads);
  if (outcome.kind !== 'answer') throw new Error(outcome.kind);
  return JSON.parse(outcome.body);
}

const delta = (fields: object, over: object = {}) => ({
  ...head,
  choices: [{ index: 0, delta: fields, logprobs: null, finish_reason: null, ...over }],
});
const call = (index: number, over: object) => delta({ tool_calls: [{ index, ...over }] });

describe('a plain answer from a stream', () => {
  test('of a chat, as vLLM streams it', () => {
    const chunks = [
      delta({ role: 'assistant', content: '' }),
      delta({ content: 'Hel' }),
      delta({ content: 'lo' }),
      delta({ content: '' }, { finish_reason: 'stop', stop_reason: null }),
      { ...head, choices: [], usage },
    ];
    expect(answerOf('chat', chunks)).toEqual({
      id: 'c-1',
      object: 'chat.completion',
      created: 7,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
          stop_reason: null,
        },
      ],
      usage,
    });
  });

  test('of tool calls at once, their pieces mixed', () => {
    const chunks = [
      delta({ role: 'assistant', content: null }),
      call(1, { id: 'b', type: 'function', function: { name: 'time', arguments: '' } }),
      call(0, { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"ci' } }),
      call(1, { id: null, function: { name: null, arguments: '{}' } }),
      call(0, { function: { arguments: 'ty":"Brno"}' } }),
      delta({}, { finish_reason: 'tool_calls' }),
    ];
    expect(answerOf('chat', chunks)).toMatchObject({
      choices: [
        {
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [
              {
                id: 'a',
                type: 'function',
                function: { name: 'weather', arguments: '{"city":"Brno"}' },
              },
              { id: 'b', type: 'function', function: { name: 'time', arguments: '{}' } },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
  });

  test('with reasoning by either name, a refusal, an old function call and fields that nobody knows', () => {
    const chunks = [
      delta({ role: 'assistant', reasoning_content: 'Let ', reasoning: 'So ' }),
      delta({ reasoning_content: 'me', reasoning: 'it is', refusal: 'I ' }),
      delta({ refusal: "can't", function_call: { name: 'f', arguments: '{' } }),
      delta({ function_call: { arguments: '}' }, audio: { id: 'x', transcript: 'Hi' } }),
      delta({ audio: { transcript: ' you' } }, { finish_reason: 'stop', matched_stop: 128_009 }),
      {
        ...head,
        choices: [],
        system_fingerprint: 'fp',
        service_tier: 'default',
        metadata: { a: 1 },
      },
    ];
    expect(answerOf('chat', chunks)).toMatchObject({
      system_fingerprint: 'fp',
      service_tier: 'default',
      metadata: { a: 1 },
      choices: [
        {
          matched_stop: 128_009,
          message: {
            content: null,
            reasoning_content: 'Let me',
            reasoning: 'So it is',
            refusal: "I can't",
            function_call: { name: 'f', arguments: '{}' },
            audio: { id: 'x', transcript: 'Hi you' },
          },
        },
      ],
    });
  });

  test('with log probabilities and token ids', () => {
    const logprobs = (token: string) => ({ content: [{ token, logprob: -1, top_logprobs: [] }] });
    const chunks = [
      delta({ content: 'a' }, { logprobs: logprobs('a'), token_ids: [1] }),
      delta({ content: '' }, { logprobs: null, token_ids: null }),
      delta({ content: 'b' }, { logprobs: { ...logprobs('b'), refusal: null }, token_ids: [2, 3] }),
      delta({}, { finish_reason: 'length' }),
    ];
    expect(answerOf('chat', chunks)).toMatchObject({
      choices: [
        {
          logprobs: { content: [{ token: 'a' }, { token: 'b' }], refusal: null },
          token_ids: [1, 2, 3],
        },
      ],
    });
  });

  test('of a text completion with several choices', () => {
    const text = (index: number, said: string, over: object = {}) => ({
      ...head,
      object: 'text_completion',
      choices: [{ index, text: said, logprobs: null, finish_reason: null, ...over }],
    });
    const tokens = (token: string, at: number) => ({
      logprobs: {
        tokens: [token],
        token_logprobs: [-1],
        top_logprobs: [{ [token]: -1 }],
        text_offset: [at],
      },
    });
    const chunks = [
      text(1, 'x', tokens('x', 0)),
      text(0, 'a', tokens('a', 0)),
      text(0, 'b', { ...tokens('b', 1), finish_reason: 'stop' }),
      text(1, 'y', { ...tokens('y', 1), finish_reason: 'length' }),
      { ...head, choices: [], usage },
    ];
    expect(answerOf('text', chunks)).toEqual({
      id: 'c-1',
      object: 'text_completion',
      created: 7,
      model: 'm',
      usage,
      choices: [
        {
          index: 0,
          text: 'ab',
          logprobs: {
            tokens: ['a', 'b'],
            token_logprobs: [-1, -1],
            top_logprobs: [{ a: -1 }, { b: -1 }],
            text_offset: [0, 1],
          },
          finish_reason: 'stop',
        },
        {
          index: 1,
          text: 'xy',
          logprobs: {
            tokens: ['x', 'y'],
            token_logprobs: [-1, -1],
            top_logprobs: [{ x: -1 }, { y: -1 }],
            text_offset: [0, 1],
          },
          finish_reason: 'length',
        },
      ],
    });
  });

  test('an error of the engine keeps its status and its words', () => {
    const error = { error: { message: 'EngineCore encountered an issue.', code: 500 } };
    expect(outcomeOf('chat', [delta({ content: 'a' }), error])).toEqual({
      kind: 'error',
      status: 500,
      body: JSON.stringify(error),
    });
  });

  test('of a long answer takes time by its length, not by the square of that', () => {
    const maker = new PlainFromStream('chat');
    const logprobs = { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }] };
    const more = { token_ids: [1], logprobs };
    const event = Buffer.from(`data: ${JSON.stringify(delta({ content: 'a' }, more))}\n\n`);
    const startedAt = performance.now();
    for (let token = 0; token < 30_000; token++) maker.push(event);
    maker.push(Buffer.from('data: [DONE]\n\n'));
    const outcome = maker.outcome();
    expect(outcome.kind).toBe('answer');
    // Some 0.5 s of this; copied for each token, 20 s.
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test('is cut when the stream ends without its end, be every choice that is known at its end', () => {
    expect(outcomeOf('chat', [delta({ content: 'a' })], false)).toEqual({ kind: 'cut' });
    expect(outcomeOf('chat', [], false)).toEqual({ kind: 'cut' });
    const last = delta({}, { finish_reason: 'stop' });
    expect(outcomeOf('chat', [delta({ content: 'a' }), last], false)).toEqual({ kind: 'cut' });
  });
});

describe('whatever an engine answers', () => {
  const words = fc.string({ unit: 'grapheme', maxLength: 12 });
  const toolCall = fc.record({
    id: fc.uuid(),
    type: fc.constant('function'),
    function: fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), arguments: words }),
  });
  const choice = fc.record({
    content: words.filter((text) => text !== ''),
    reasoning: words,
    calls: fc.array(toolCall, { maxLength: 3 }),
    finish: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'),
  });

  /** The chunks of one choice: each field in pieces, in order. */
  function chunksOf(
    index: number,
    { content, reasoning, calls, finish }: ReturnType<typeof whole>,
  ) {
    const at = (fields: object, reason: string | null = null) => ({
      ...head,
      choices: [{ index, delta: fields, logprobs: null, finish_reason: reason }],
    });
    return [
      at({ role: 'assistant', content: '' }),
      ...[...reasoning].map((letter) => at({ reasoning: letter })),
      ...[...content].map((letter) => at({ content: letter })),
      ...calls.flatMap(({ id, type, function: { name, arguments: text } }, number) => [
        at({ tool_calls: [{ index: number, id, type, function: { name, arguments: '' } }] }),
        ...[...text].map((letter) =>
          at({ tool_calls: [{ index: number, function: { arguments: letter } }] }),
        ),
      ]),
      at({}, finish),
    ];
  }
  const whole = (value: typeof choice extends fc.Arbitrary<infer T> ? T : never) => value;

  test('comes out as it was, its choices mixed in any order', () => {
    fc.assert(
      fc.property(
        fc.array(choice, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 60 }),
        (choices, order) => {
          const queues = choices.map((one, index) => chunksOf(index, one));
          const chunks: unknown[] = [];
          for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
            const left = queues.filter((queue) => queue.length > 0);
            chunks.push(left[(order[turn % order.length] ?? 0) % left.length]?.shift());
          }
          expect(answerOf('chat', [...chunks, { ...head, choices: [], usage }])).toEqual({
            ...head,
            object: 'chat.completion',
            usage,
            choices: choices.map(({ content, reasoning, calls, finish }, index) => ({
              index,
              message: {
                role: 'assistant',
                content,
                refusal: null,
                ...(reasoning === '' ? {} : { reasoning }),
                ...(calls.length === 0 ? {} : { tool_calls: calls }),
              },
              logprobs: null,
              finish_reason: finish,
            })),
          });
        },
      ),
    );
  });
});
