import { expect, test } from '@jest/globals';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { DriverError, isBroken, isRepeatable, StoreError, toStoreError } from './store-error.ts';

function refusal(code: string, fields: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('refused', 7, 'error'), { code, ...fields });
}

test.each(['08006', '28P01', '3D000', '53300', '57P01', '57014', '55P03', '25P03', '25006'])(
  'SQLSTATE %s means that the store is unavailable',
  (code) => {
    expect(toStoreError(new DriverError(refusal(code)))).toMatchObject({
      name: 'AppError',
      code: 'store_unavailable',
      cause: { name: 'StoreError', sqlState: code },
    });
  },
);

test('a network error means that the store is unavailable, and is kept as the cause', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  expect(toStoreError(new DrizzleQueryError('select 1', [], cause))).toMatchObject({
    code: 'store_unavailable',
    cause,
  });
});

test('what Postgres refuses keeps its code, and loses statement and values', () => {
  const detail = 'Failing row contains (secret-key).';
  const cause = refusal('23505', { constraint: 'jobs_name', table: 'jobs', detail });
  const error = toStoreError(new DrizzleQueryError('insert', ['secret-key'], cause));
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ sqlState: '23505', constraint: 'jobs_name', table: 'jobs' });
  expect(JSON.stringify([error, error.stack, error.cause])).not.toContain('secret-key');
});

test('deadlocks and serialization failures may be run again, nothing else', () => {
  expect(isRepeatable(new DrizzleQueryError('', [], refusal('40P01')))).toBe(true);
  expect(isRepeatable(new DriverError(refusal('40001')))).toBe(true);
  expect(isRepeatable(new DriverError(refusal('23505')))).toBe(false);
  expect(isRepeatable(new Error('40P01'))).toBe(false);
});

test('a connection is in doubt when no answer of Postgres came back', () => {
  expect(isBroken(new DriverError(new Error('Query read timeout')))).toBe(true);
  expect(isBroken(new DriverError(refusal('23505')))).toBe(false);
  // A failover left it with a standby.
  expect(isBroken(new DriverError(refusal('25006')))).toBe(true);
  expect(isBroken(new Error('thrown by the work itself'))).toBe(false);
});
