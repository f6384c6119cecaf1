import { expect, test } from '@jest/globals';
import { clusterTime } from './cluster-time.ts';

const zone = 'Europe/Prague';

test.each([
  ['2026-01-15T12:00:00', zone, '2026-01-15T11:00:00Z'],
  ['2026-07-15T12:00:00', zone, '2026-07-15T10:00:00Z'],
  // Clocks go forward at 02:00 and back at 03:00.
  ['2026-03-29T01:59:59', zone, '2026-03-29T00:59:59Z'],
  ['2026-03-29T03:00:00', zone, '2026-03-29T01:00:00Z'],
  ['2026-10-25T04:00:00', zone, '2026-10-25T03:00:00Z'],
  ['2026-07-15T12:00:00', 'America/St_Johns', '2026-07-15T14:30:00Z'],
  ['2026-07-15T12:00:00', 'UTC', '2026-07-15T12:00:00Z'],
  ['2026-07-15T12:00:00Z', zone, '2026-07-15T12:00:00Z'],
  ['2026-07-15T12:00:00+05:00', zone, '2026-07-15T07:00:00Z'],
])('%s in %s is %s', (text, timeZone, moment) => {
  expect(clusterTime(text, timeZone)).toBe(Date.parse(moment));
});

test.each(['', 'soon', '2026-99-99T00:00:00'])('%j is no moment', (text) => {
  expect(clusterTime(text, 'UTC')).toBeNull();
});
