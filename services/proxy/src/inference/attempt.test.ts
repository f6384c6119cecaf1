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
  isTaken: true,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  write: () => true,
  finish: () => undefined,
};
const stream = ['content-type', sseHeaders['content-type']];
const nobody = {
  answered: () => undefined,
  lost: () => undefined,
  done: () => undefined,
  timedOut: () => undefined,
  stalled: () => undefined,
  crashed: () => undefined,
  hasAlternative: () => false,
  declined: () => undefined,
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
  const neverSent = Object.assign(new Error('no tunnel'), { code: 'NEVER_SENT' });
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

  it.each<[Error, boolean, Loss]>([
    [wayLost, false, 'cut_off'],
    [wayLost, true, 'cut_off'],
    [neverSent, false, 'refused'],
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

describe('an attempt over which our own code fails', () => {
  const breaks = () => {
    throw new Error('it broke');
  };

  /** A begun answer whose client cannot be written to: why that was told, and how often its connection was closed. */
  function toBreak(headers: readonly string[], piece: string) {
    const told: unknown[] = [];
    const aborts: unknown[] = [];
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const reply = new Reply(new NodeCall(response.req, response), 'req_1', () => undefined);
    const owner = { ...nobody, crashed: (error: unknown) => void told.push(error) };
    const attempt = new Attempt(reply, 'req_1', owner, null);
    attempt.onStart({ ...control, abort: () => void aborts.push(1) });
    attempt.onHead(200, headers);
    attempt.onData(Buffer.from(piece));
    Object.assign(reply, {
      head: breaks,
      write: breaks,
      end: breaks,
      cutOff: breaks,
      event: breaks,
    });
    return { attempt, crashes: () => told.map(String), aborts };
  }

  const json = ['content-type', 'application/json'];
  it.each<[string, readonly string[], string, (attempt: Attempt) => void]>([
    ['at its end', json, '{}', (attempt) => attempt.onEnd()],
    ['at the end of a stream', stream, role + role, (attempt) => attempt.onEnd()],
    ['as it breaks off', stream, role + role, (attempt) => attempt.onError(new Error('reset'))],
    ['at a piece', stream, role + role, (attempt) => attempt.onData(Buffer.from(role))],
    ['by a timer', stream, role, () => jest.advanceTimersByTime(1000)],
  ])('is given up and told, and nobody else is thrown anything: %s', (_, headers, piece, step) => {
    const { attempt, crashes, aborts } = toBreak(headers, piece);
    step(attempt);
    expect(crashes()).toEqual(['Error: it broke']);
    expect(aborts).toHaveLength(1);
    attempt.onData(Buffer.from(role));
    attempt.onError(new Error('reset'));
    jest.advanceTimersByTime(1000);
    expect(crashes()).toHaveLength(1);
  });
});

describe('an attempt that sends what it kept back for a moment', () => {
  it('lets its engine wait until the client takes more', () => {
    const steps: string[] = [];
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const reply = new Reply(new NodeCall(response.req, response), 'req_1', () => undefined);
    const attempt = new Attempt(reply, 'req_1', nobody, null);
    attempt.onStart({
      ...control,
      pause: () => void steps.push('paused'),
      resume: () => void steps.push('resumed'),
    });
    attempt.onHead(200, stream);
    attempt.onData(Buffer.from(role));
    reply.write = () => false;
    jest.advanceTimersByTime(1000);
    expect(steps).toEqual(['paused']);
    response.emit('drain');
    expect(steps).toEqual(['paused', 'resumed']);
  });
});
