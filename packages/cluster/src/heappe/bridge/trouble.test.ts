import { describe, expect, test } from '@jest/globals';
import { isOfTunnel, isWorthRepeating, type Trouble, troubleIn } from './trouble.ts';

describe('what HEAppE says of a request to a node', () => {
  test.each<[string, Trouble, boolean]>([
    ['NoActiveConnectionForUser', 'no_tunnel', true],
    ['NoActiveConnection', 'no_tunnel', true],
    [
      "TaskId '42' with node IP address '10.0.0.5' does not have an active connection.",
      'no_tunnel',
      true,
    ],
    ["Task '42' does not have an active SSH tunnel.", 'no_tunnel', true],
    ['Connection refused (localhost:4000)', 'stale', true],
    ['Connection refused (127.0.0.1:4000)', 'stale', true],
    ['Connection refused (acn12:8000)', 'engine_gone', false],
    ["TaskId '42' is not a currently running task.", 'not_running', false],
    ['NotExistingTaskInfo', 'not_running', false],
    ["Requested task info with Id: '42' does not exist in the HEAppE", 'not_running', false],
    ['ResponseNotOk', 'node_error', false],
    ['Response code for Http request is not 200. Check your application.', 'node_error', false],
    ['Response code for HttpGet is not 200. Check your application.', 'node_error', false],
    ['Expired', 'signed_out', true],
    ['NotPresent', 'signed_out', true],
    ['Unauthorized', 'signed_out', true],
    ["Session code 'x' already expired at '2026-01-01T00:00:00.000Z'.", 'signed_out', true],
    ['MissingRole:Submitter_ForProject:1', 'forbidden', false],
    ['ProjectNotFound', 'forbidden', false],
    ['Validation failed: NodePort must be set', 'invalid', false],
    ['The response ended prematurely. (ResponseEnded)', 'engine_gone', false],
    ['An error occurred while sending the request.', 'engine_gone', false],
    ['', 'engine_gone', false],
  ])('%s: %s', (text, trouble, again) => {
    expect(troubleIn(text)).toBe(trouble);
    expect(troubleIn(`${text}\n`)).toBe(trouble);
    expect(isWorthRepeating(trouble)).toBe(again);
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
