import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { asleep, endpoint } from '../../test/world.ts';
import { NodeCall } from '../server/node-call.ts';
import type { InferenceCall } from './call.ts';
import { Exchange } from './exchange.ts';
import type { InferenceParts } from './parts.ts';
import { createPicker } from './picker.ts';
import { createSuspects } from './suspects.ts';

const body = Buffer.from('{"model":"a/b","messages":[]}');
const route = { ...asleep('a/b'), idle: false, endpoints: [endpoint(1, 'job-1')] };
const nothing = () => undefined;

/** A request that the limits have let in and that waits, or goes on; `given` is what the limits got back. */
function letIn(over: Partial<Record<keyof InferenceParts, unknown>>) {
  const given: (number | null)[] = [];
  const request = new IncomingMessage(new Socket());
  const client = Object.assign(new NodeCall(request, new ServerResponse(request)), {
    takeWholeBody: () => body,
  });
  const call = {
    session: null,
    ...{ client, requestId: 'req_1', project: 'demo', operation: 'chat/completions' },
    ...{ path: '/v1/chat/completions', startedAt: 0 },
  } as unknown as InferenceCall;
  const parts = {
    routes: () => ({ find: () => route }),
    bodies: { shareOf: () => ({ take: () => true, give: nothing }) },
    limits: { body: { maxBytes: 1000, timeoutMs: 1000 }, times: {} },
    rateLimits: {
      appliesTo: () => true,
      admit: () => ({
        refusal: null,
        headers: [],
        ticket: { finish: (used: number | null) => given.push(used) },
      }),
      weightOf: () => 1,
      estimates: { ended: nothing },
    },
    clock: { now: () => 0, elapsed: () => 0 },
    lengths: { needed: () => ({ atLeastMs: 0, preferablyMs: 0 }) },
    suspects: { excludedFor: () => new Set(['job-1']) },
    picker: { pick: () => null },
    places: { mustWait: () => true },
    holds: { enter: () => null, leave: nothing },
    demand: { hold: nothing, release: nothing, queue: nothing, unqueue: nothing, begin: nothing },
    usage: { begun: nothing, ended: nothing },
    metrics: { request: nothing, waited: nothing, firstByte: nothing },
    logger: { isLevelEnabled: () => false, warn: nothing },
    ...over,
  } as unknown as InferenceParts;
  const exchange = new Exchange(parts, call, 'me', nothing);
  exchange.begin();
  expect(given).toEqual([]);
  return { exchange, given };
}

const breaks = () => {
  throw new Error('it broke');
};

describe('the place of a request in the limits', () => {
  it('is given back once, with what it has used', () => {
    const { exchange, given } = letIn({});
    exchange.shutDown();
    exchange.shutDown();
    expect(given).toEqual([0]);
  });

  it.each([
    ['its figures', { metrics: { request: breaks, waited: nothing, firstByte: nothing } }],
    ['its usage', { usage: { ended: breaks } }],
    ['its line in the log', { logger: { isLevelEnabled: breaks } }],
    ['its memory', { bodies: { shareOf: () => ({ take: () => true, give: breaks }) } }],
  ])('is given back where %s cannot be told', (_, over) => {
    const { exchange, given } = letIn(over);
    expect(() => exchange.shutDown()).toThrow('it broke');
    exchange.shutDown();
    expect(given).toEqual([null]);
  });
});

describe('a suspect whose time is over', () => {
  it.each([
    ['not tried by a request that waits for a place', true],
    ['tried by one that goes to it', false],
  ])('is %s', (_, mustWait) => {
    let elapsed = 1000;
    const suspects = createSuspects(() => elapsed, nothing);
    suspects.mark(endpoint(1, 'job-1'), false, elapsed);
    elapsed += 500;
    const posts: unknown[] = [];
    letIn({
      suspects,
      picker: createPicker({
        placements: { sent: () => undefined },
        demand: { runningOn: () => 0 },
        elsewhere: { on: () => 0, want: nothing },
        proxies: () => 1,
        clock: { now: () => 0 },
        random: () => 0,
      }),
      places: { mustWait: () => mustWait },
      pools: { post: (place: unknown) => posts.push(place) },
    });
    expect(posts).toHaveLength(mustWait ? 0 : 1);
    expect(suspects.excludedFor(route, new Map()).has('job-1')).toBe(!mustWait);
  });
});
