import { describe, expect, test } from '@jest/globals';
import { LeaseLostError } from '@wakefield/control';
import { AppError, type ErrorCode } from '@wakefield/domain';
import { disposition, storeUnavailable, translated } from './queue-error.ts';

describe('disposition', () => {
  test('a lost lease is no failure', () => {
    expect(disposition(new LeaseLostError('model:1'))).toMatchObject({
      outcome: 'ack',
      log: 'info',
    });
  });

  test.each<ErrorCode>(['invalid_request', 'model_not_found', 'cluster_refused'])(
    'the rejection %s is an answer',
    (code) => {
      expect(disposition(new AppError(code, 'no'))).toMatchObject({ outcome: 'ack', log: 'info' });
    },
  );

  test.each<[ErrorCode, string]>([
    ['store_unavailable', 'warn'],
    ['cluster_unreachable', 'warn'],
    ['internal_error', 'error'],
  ])('%s fails and is logged as %s', (code, log) => {
    expect(disposition(new AppError(code, 'no'))).toMatchObject({ outcome: 'fail', log });
  });

  test.each([new TypeError('bug'), 'a string', undefined])('%p is a fault of ours', (thrown) => {
    expect(disposition(thrown)).toMatchObject({ outcome: 'fail', log: 'error' });
  });
});

describe('translated', () => {
  test('keeps the cause for the log and tells the caller nothing of it', async () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7:6379');
    await expect(translated(() => Promise.reject(cause))).rejects.toMatchObject({
      code: 'store_unavailable',
      cause,
    });
    expect(storeUnavailable(cause).message).not.toContain('10.0.0.7');
    expect(await translated(async () => 7)).toBe(7);
  });
});
