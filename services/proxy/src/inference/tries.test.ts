import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { AppError, Route } from '@wakefield/domain';
import { chunk, done, role, sseHeaders } from '../../test/engine.ts';
import { asleep, endpoint } from '../../test/world.ts';
import { NodeCall } from '../server/node-call.ts';
import type { AnswerHandler as AttemptHandler } from '../upstream/answer-handler.ts';
import type { ExchangeView } from './exchange-view.ts';
import { Reply } from './reply.ts';
import { RequestBody } from './request-body.ts';
import { createSuspects } from './suspects.ts';
import { Tries } from './tries.ts';

const control = {
  paused: false,
  isTaken: true,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  write: () => true,
  finish: () => undefined,
};
const one = endpoint(1, 'job-1');
const route = { ...asleep('a/b'), endpoints: [one] };

function bodyOf(text: string): RequestBody {
  const body = new RequestBody({ take: () => true, give: () => undefined });
  body.arrived(Buffer.from(text));
  return body;
}

/** A request that is at its engine; `lessons` is what is learned of its length. */
function sent(over: Partial<ExchangeView> = {}) {
  const lessons: (string | number)[][] = [];
  const log: unknown[][] = [];
  let elapsed = 1000;
  const handlers: AttemptHandler[] = [];
  const request = new IncomingMessage(new Socket());
  const client = new NodeCall(request, new ServerResponse(request));
  const reply = new Reply(client, 'req_1', () => undefined);
  const view = {
    parts: {
      clock: { elapsed: () => elapsed },
      demand: { begin: () => undefined, end: () => undefined },
      suspects: {
        isDead: () => false,
        sent: () => undefined,
        answered: () => false,
        clear: () => false,
        failed: () => undefined,
      },
      picker: { sent: () => undefined },
      pools: {
        post: (_place: unknown, _request: unknown, attempt: AttemptHandler) => {
          handlers.push(attempt);
        },
      },
      lengths: {
        ended: (_: string, __: unknown, lengthMs: number, tokens: number) =>
          lessons.push(['ended', lengthMs, tokens]),
        brokenOff: (_: string, __: unknown, lengthMs: number) =>
          lessons.push(['broken off', lengthMs]),
      },
      logger: { error: (...line: unknown[]) => log.push(line) },
    },
    call: { client, requestId: 'req_1', path: '/v1/chat/completions' },
    session: null,
    reply,
    record: { sent: () => 'req_1', tally: null },
    splice: null,
    requestBody: bodyOf('{}'),
    route: () => route,
    finish: () => undefined,
    ...over,
  } as unknown as ExchangeView;
  const tries = new Tries(view);
  tries.send(route, one);
  const [asked] = handlers;
  if (asked === undefined) throw new Error('nothing was sent');
  asked.onStart(control);
  const answers = (status: number, headers: Record<string, string>, body: string): void => {
    asked.onHead(status, Object.entries(headers).flat());
    asked.onData(Buffer.from(body, 'latin1'));
    elapsed += 20_000;
  };
  const ends = (): void => asked.onEnd();
  const breaks = (): void => asked.onError(new Error('read ECONNRESET'));
  return { tries, lessons, log, reply, answers, ends, breaks };
}

const words = role + chunk({ content: 'x' });
const json = { 'content-type': 'application/json' };

describe('the length of a request', () => {
  it('is learned from an answer that is complete', () => {
    const usage = '{"usage":{"prompt_tokens":3,"completion_tokens":40}}';
    for (const [headers, body, tokens] of [
      [sseHeaders, words + done, 1],
      [sseHeaders, `${words}data: ${usage}\n\n${done}`, 40],
      [json, usage, 40],
      [json, '{}', 0],
    ] as const) {
      const { answers, ends, lessons } = sent();
      answers(200, headers, body);
      ends();
      expect(lessons).toEqual([['ended', 20_000, tokens]]);
    }
  });

  it('was to be longer where the answer was cut, by whomever', () => {
    const cut = sent();
    cut.answers(200, sseHeaders, words + chunk({ content: 'y' }));
    cut.breaks();
    expect(cut.lessons).toEqual([['broken off', 20_000]]);
    const left = sent();
    left.answers(200, sseHeaders, words);
    left.tries.cancel();
    expect(left.lessons).toEqual([['broken off', 20_000]]);
  });

  it('is not learned from sessions, which last as long as somebody speaks', () => {
    const side = { read: () => undefined, pause: () => undefined, resume: () => undefined };
    const session = { client: side, traffic: { passed: () => undefined } };
    const over = sent({ session });
    over.answers(101, { upgrade: 'websocket' }, String.fromCharCode(0x88, 0));
    over.ends();
    const cut = sent({ session });
    cut.answers(101, { upgrade: 'websocket' }, String.fromCharCode(0x81, 1));
    cut.breaks();
    const left = sent({ session });
    left.answers(101, { upgrade: 'websocket' }, '');
    left.tries.cancel();
    expect([over.lessons, cut.lessons, left.lessons]).toEqual([[], [], []]);
  });

  it.each([
    [400, json, '{"error":{"message":"too long"}}'],
    [500, json, '{"error":{"message":"no"}}'],
    [200, sseHeaders, `${words}data: {"error":{"message":"no","code":400}}\n\n`],
  ] as const)('is not learned from a refusal or an error: %d', (status, headers, body) => {
    const { answers, ends, lessons } = sent();
    answers(status, headers, body);
    ends();
    expect(lessons).toEqual([]);
  });
});

describe('an engine to which the way is lost', () => {
  const lost = (code: string) => Object.assign(new Error('lost'), { code });

  /** Sends it as often as there is somebody to ask, up to so many times; each time this comes of it. */
  function losing(error: Error, times: number) {
    let now = 1000;
    const suspects = createSuspects(
      () => now,
      () => undefined,
    );
    const asked: number[] = [];
    const refused: string[] = [];
    let attempt: AttemptHandler | null = null;
    const view = {
      parts: {
        clock: { elapsed: () => now },
        demand: { begin: () => undefined, end: () => undefined },
        suspects,
        picker: {
          sent: () => undefined,
          pick: (at: Route, excluded: ReadonlySet<string>) =>
            at.endpoints.find(({ jobId }) => !excluded.has(jobId)) ?? null,
        },
        pools: { post: (_: unknown, __: unknown, one: AttemptHandler) => (attempt = one) },
        lengths: { needed: () => null },
      },
      asked: {},
      call: { client: { rawHeaders: [], header: () => undefined }, requestId: 'r', path: '/x' },
      session: null,
      reply: {},
      record: { sent: () => 'r', lost: () => undefined, tally: null },
      splice: null,
      requestBody: bodyOf('{}'),
      route: () => route,
      proceed: () => undefined,
      refuse: ({ code }: AppError) => void refused.push(code),
    } as unknown as ExchangeView;
    const tries = new Tries(view);
    for (let count = 0; count < times && refused.length === 0; count += 1) {
      const next = tries.choose(route);
      if (next !== null) {
        asked.push(now - 1000);
        tries.send(route, next);
        (attempt as AttemptHandler | null)?.onStart(control);
        (attempt as AttemptHandler | null)?.onError(error);
      }
      now += 50;
    }
    return { asked, refused };
  }

  it('is asked again for as long as it takes where it has seen nothing of the request', () => {
    const { asked, refused } = losing(lost('NEVER_SENT'), 400);
    expect(asked.length).toBeGreaterThan(6);
    expect(refused).toEqual([]);
  });

  it('is asked again at once, then with pauses, six times at most', () => {
    const { asked, refused } = losing(lost('WAY_LOST'), 400);
    expect(asked).toHaveLength(6);
    expect(asked.slice(0, 2)).toEqual([0, 50]);
    expect(asked[2]).toBeGreaterThan(100);
    expect(refused).toEqual(['upstream_error']);
  });

  it('is not waited for where it was the engine that was lost', () => {
    expect(losing(lost('ECONNRESET'), 400).asked.length).toBeLessThan(6);
  });
});

describe('a request over which our own code fails', () => {
  const breaks = () => {
    throw new Error('it broke');
  };

  it('is refused as long as nothing was said', () => {
    const told: unknown[] = [];
    const breakOff: ExchangeView['breakOff'] = ({ code }, atBoundary) =>
      told.push([code, atBoundary]);
    const { answers, ends, reply, log } = sent({ breakOff });
    answers(200, json, '{}');
    reply.head = breaks;
    ends();
    expect(told).toEqual([['internal_error', false]]);
    expect(log).toEqual([[{ requestId: 'req_1', err: new Error('it broke') }, expect.any(String)]]);
  });

  it('says no more than it has, and is over', () => {
    const told: unknown[] = [];
    const finish = (outcome: string) => {
      told.push(outcome);
      if (outcome === 'complete') breaks();
    };
    const { answers, ends } = sent({ finish, breakOff: () => told.push('broken off') });
    answers(200, json, '{}');
    ends();
    expect(told).toEqual(['complete', 'cut']);
  });

  it('is cut off where not even that can be told', () => {
    const { answers, ends, reply, log } = sent({ breakOff: breaks });
    answers(200, json, '{}');
    reply.head = breaks;
    ends();
    expect([log.length, reply.ended]).toEqual([2, true]);
  });
});
