import { describe, expect, test } from '@jest/globals';
import { failureOf, HeappeError, readProblem } from '../failures.ts';
import { NodeTrouble, NoTunnel, troubleOfCall, troubleOfStream } from './node-trouble.ts';
import type { Trouble } from './trouble.ts';

const problem = (status: number, title: string, detail: string) =>
  failureOf(
    'DataTransfer/HttpGetToJobNode',
    readProblem(status, JSON.stringify({ title, status, detail })),
  );

describe('a call to a node that failed', () => {
  test.each<[string, unknown, Trouble]>([
    ['silence', new HeappeError('unreachable', 'ECONNREFUSED'), 'silent'],
    ['anything else', new Error('x'), 'silent'],
    ['a mistake of ours', new TypeError('x is not a function'), 'failed'],
    ['no tunnel', problem(400, 'Invalid Request', 'NoActiveConnectionForUser'), 'no_tunnel'],
    [
      'no tunnel in 5.0',
      problem(
        500,
        'External Problem',
        "TaskId '1' with node IP address 'a' does not have an active connection.",
      ),
      'no_tunnel',
    ],
    [
      'not running',
      problem(400, 'Invalid Request', "TaskId '1' is not a currently running task."),
      'not_running',
    ],
    [
      'no such task',
      problem(
        404,
        'Validation Problem',
        "Requested task info with Id: '1' does not exist in the HEAppE",
      ),
      'not_running',
    ],
    ['broken rules', problem(404, 'Validation Problem', 'HttpHeader must be set'), 'invalid'],
    ['a node error', problem(400, 'Invalid Request', '\'{"error":"Unauthorized"}\''), 'node_error'],
    ['an empty node error', problem(400, 'Invalid Request', "''"), 'node_error'],
    [
      'a node error of old',
      problem(
        400,
        'Invalid Request',
        'Response code for Http request is not 200. Check your application.',
      ),
      'node_error',
    ],
    [
      'no ports left',
      problem(
        502,
        'Tunnel Exception',
        'There is no free local port available for creation of SSH tunnel.',
      ),
      'silent',
    ],
    ['no ssh', problem(502, 'SSH Problem', 'x'), 'silent'],
    ['no right', problem(401, 'Unauthorized Access', 'MissingRole:Submitter'), 'forbidden'],
    ['too often', problem(429, '', ''), 'busy'],
    ['too long', new HeappeError('refused', 'x', { status: 413 }), 'too_large'],
    [
      'its own failure',
      problem(500, 'Problem', 'Problem occured! Contact the administrators.'),
      'failed',
    ],
  ])('%s', (_name, error, trouble) => {
    expect(troubleOfCall(error).trouble).toBe(trouble);
  });

  test('has what the engine said, all of it', () => {
    const body = JSON.stringify({
      error: { message: `two  blanks ${'x'.repeat(3000)}`, code: 400 },
    });
    expect(troubleOfCall(problem(400, 'Invalid Request', `'${body}'`)).said).toEqual({
      status: 400,
      body,
    });
    expect(troubleOfCall(problem(400, 'Invalid Request', "''")).said).toBeNull();
    expect(
      troubleOfCall(problem(400, 'Invalid Request', 'NoActiveConnectionForUser')).said,
    ).toBeNull();
  });

  test('stays what it was', () => {
    const trouble = troubleOfStream('ResponseNotOk');
    expect(trouble).toBeInstanceOf(NodeTrouble);
    expect(troubleOfCall(trouble)).toBe(trouble);
  });
});

describe('what no engine has seen anything of', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  const reset = Object.assign(new Error('x'), { code: 'ECONNRESET' });

  test.each<[string, NodeTrouble, boolean]>([
    ['no tunnel', troubleOfStream('NoActiveTunnelForUser'), true],
    ['a tunnel that leads nowhere', troubleOfStream('Connection refused (localhost:4000)'), true],
    ['no tunnel to be had', new NodeTrouble('silent', 'x', null, new NoTunnel('x')), true],
    ['nobody took the call', troubleOfCall(new HeappeError('unreachable', 'x', {}, refused)), true],
    ['the call broke off', troubleOfCall(new HeappeError('unreachable', 'x', {}, reset)), false],
    ['an engine that broke off', troubleOfStream('The response ended prematurely.'), false],
  ])('%s', (_, trouble, neverSent) => expect(trouble.neverSent).toBe(neverSent));
});
