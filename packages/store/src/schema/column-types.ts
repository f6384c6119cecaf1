import type { EpochMs } from '@wakefield/domain';
import { customType } from 'drizzle-orm/pg-core';
import { storable } from '../storable.ts';

/**
 * A moment. The domain counts epoch milliseconds; the table holds `timestamptz(3)`, so that people and
 * dashboards read it as a time and the database can compare it with its own clock. Both are exact to the
 * millisecond; a fraction is rounded up, so that a look is never taken too early.
 */
export const moment = customType<{ data: EpochMs; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  toDriver: (value) => new Date(Math.ceil(value)).toISOString(),
  fromDriver: (value) => Date.parse(value),
});

/** `text` that takes every JavaScript string: see `storable`. */
export const words = customType<{ data: string; driverData: string }>({
  dataType: () => 'text',
  toDriver: (value) => storable(value),
});

/** `jsonb` that takes every JSON value: see `storable`. */
export const json = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(storable(value)),
});
