import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chunk, role, sseHeaders } from '../../test/engine.ts';
import { NodeCall } from '../server/node-call.ts';
import { JobEndedError } from '../upstream/pools.ts';
import { Attempt, type Loss } from './attempt.ts';
import { refusals } from './refusals.ts';
import { Reply } from './reply.ts';

const control = {
  paused: false,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
};
const stream = ['content-type', sseHeaders['content-type']];
const nobody = {
  answered: () => undefined,
  lost: () => undefined,
  done: () => undefined,
  timedOut: () => undefined,
  hasAlternative: () => false,
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** An attempt whose engine has begun a stream with this. */
function begun(piece: string) {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const reply = new Reply(new NodeCall(response.req, response), 'req_1', () => undefined);
  const attempt = new Attempt(reply, 'req_1', nobody, null);
  attempt.onStart(control);
  attempt.onHead(200, stream);
  attempt.onData(Buffer.from(piece));
  return { attempt, reply, response };
}

describe('an attempt whose connection breaks', () => {
  const wayLost = Object.assign(new Error('the ssh connection was lost'), { code: 'WAY_LOST' });
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

  it.each<[Error, boolean, Loss]>([
    [wayLost, false, 'cut_off'],
    [wayLost, true, 'cut_off'],
    [reset, false, 'lost'],
    [reset, true, 'broken'],
    [new JobEndedError('over'), true, 'ended'],
  ])('by %s, behind a head: %s, blames nobody who may be well', (error, behindHead, loss) => {
    const losses: Loss[] = [];
    const owner = { ...nobody, lost: (one: Loss) => void losses.push(one) };
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const reply = new Reply(new NodeCall(response.req, response), 'req_1', () => undefined);
    const attempt = new Attempt(reply, 'req_1', owner, null);
    attempt.onStart(control);
    if (behindHead) attempt.onHead(200, stream);
    attempt.onError(error);
    expect(losses).toEqual([loss]);
  });
});

describe('an attempt that is cancelled', () => {
  it('says nothing more, not even what it kept back', () => {
    const { attempt, reply, response } = begun(role);
    expect(response.headersSent).toBe(false);
    attempt.cancel();
    reply.fail(refusals.shuttingDown());
    jest.advanceTimersByTime(1000);
    expect(response.statusCode).toBe(503);
  });

  it('knows whether the stream stands between two events', () => {
    expect(begun(role + chunk({ content: 'x' })).attempt.atBoundary).toBe(true);
    expect(begun(`${role}data: {"id":`).attempt.atBoundary).toBe(false);
  });
});
