import { describe, expect, test } from '@jest/globals';
import { isUnseen, type Trouble, troubleIn } from './trouble.ts';

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
    ["TaskId '42' is not a currently running task.", 'not_running', true],
    ['NotExistingTaskInfo', 'not_running', true],
    ["Requested task info with Id: '42' does not exist in the HEAppE", 'not_running', true],
    ['ResponseNotOk', 'node_error', false],
    ['Response code for Http request is not 200. Check your application.', 'node_error', false],
    ['Response code for HttpGet is not 200. Check your application.', 'node_error', false],
    ['Expired', 'signed_out', true],
    ['NotPresent', 'signed_out', true],
    ['Unauthorized', 'signed_out', true],
    ["Session code 'x' already expired at '2026-01-01T00:00:00.000Z'.", 'signed_out', true],
    ['MissingRole:Submitter_ForProject:1', 'forbidden', true],
    ['ProjectNotFound', 'forbidden', true],
    ['Validation failed: NodePort must be set', 'invalid', true],
    ['The response ended prematurely. (ResponseEnded)', 'engine_gone', false],
    ['An error occurred while sending the request.', 'engine_gone', false],
    ['', 'engine_gone', false],
  ])('%s: %s', (text, trouble, unseen) => {
    expect(troubleIn(text)).toBe(trouble);
    expect(troubleIn(`${text}\n`)).toBe(trouble);
    expect(isUnseen(trouble)).toBe(unseen);
  });
});
