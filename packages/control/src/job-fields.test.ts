import { expect, test } from '@jest/globals';
import type { Job } from '@wakefield/domain';
import { jobFields } from './job-fields.ts';

test('the log of an engine stays out of ours', () => {
  const reason = 'The engine ended with exit code 1. The end of its log:\nprompt: secret';
  expect(jobFields({ reason } as Job)).toMatchObject({
    reason: 'The engine ended with exit code 1.',
  });
  expect(jobFields({ reason: null } as Job)).toMatchObject({ reason: null });
});
