import { describe, expect, test } from '@jest/globals';
import { isOfTunnel, type Repair, repairOf, type Trouble, troubleIn } from './trouble.ts';

describe('what HEAppE says of a request to a node', () => {
  test.each<[string, Trouble, Repair | null]>([
    ['NoActiveConnectionForUser', 'no_tunnel', 'no_tunnel'],
    ['NoActiveConnection', 'no_tunnel', 'no_tunnel'],
    [
      "TaskId '42' with node IP address '10.0.0.5' does not have an active connection.",
      'no_tunnel',
      'no_tunnel',
    ],
    ["Task '42' does not have an active SSH tunnel.", 'no_tunnel', 'no_tunnel'],
    ['Connection refused (localhost:4000)', 'stale', 'stale'],
    ['Connection refused (127.0.0.1:4000)', 'stale', 'stale'],
    ['Connection refused (acn12:8000)', 'engine_gone', null],
    ["TaskId '42' is not a currently running task.", 'not_running', null],
    ['NotExistingTaskInfo', 'not_running', null],
    ["Requested task info with Id: '42' does not exist in the HEAppE", 'not_running', null],
    ['ResponseNotOk', 'node_error', null],
    ['Response code for Http request is not 200. Check your application.', 'node_error', null],
    ['Response code for HttpGet is not 200. Check your application.', 'node_error', null],
    ['Expired', 'signed_out', 'signed_out'],
    ['NotPresent', 'signed_out', 'signed_out'],
    ['Unauthorized', 'signed_out', 'signed_out'],
    ["Session code 'x' already expired at '2026-01-01T00:00:00.000Z'.", 'signed_out', 'signed_out'],
    ['Validation failed: SessionCode cannot be empty.', 'signed_out', 'signed_out'],
    ['Validation failed: SessionCode has wrong format.', 'signed_out', 'signed_out'],
    ['MissingRole:Submitter_ForProject:1', 'forbidden', null],
    ['ProjectNotFound', 'forbidden', null],
    ['Validation failed: NodePort must be set', 'invalid', null],
    ['The response ended prematurely. (ResponseEnded)', 'engine_gone', null],
    ['An error occurred while sending the request.', 'engine_gone', null],
    ['', 'engine_gone', null],
  ])('%s: %s', (text, trouble, repair) => {
    expect(troubleIn(text)).toBe(trouble);
    expect(troubleIn(`${text}\n`)).toBe(trouble);
    expect(repairOf(trouble)).toBe(repair);
  });

  test.each<[Trouble, boolean]>([
    ['no_tunnel', true],
    ['stale', true],
    ['not_running', true],
    ['silent', true],
    ['engine_gone', false],
    ['node_error', false],
    ['busy', false],
  ])('after %s the tunnel is asked for again: %s', (trouble, again) => {
    expect(isOfTunnel(trouble)).toBe(again);
  });
});
