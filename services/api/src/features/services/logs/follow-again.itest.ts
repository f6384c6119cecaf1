import { expect, it } from '@jest/globals';
import { logSuite } from '../../../../test/log-suite.ts';

const FOLLOW_MS = 3_000;
const suite = logSuite({ followMs: FOLLOW_MS });
const { start, end, follow } = suite;

it('ends when it has been followed long enough, and goes on for whoever comes again', async () => {
  const { path, job, service } = await start();
  suite.logs.print(job, 'one\n');
  const since = performance.now();
  const first = await follow(`${path}?follow=1`);
  expect(await first.next()).toEqual({ event: 'log', data: 'one', id: '1-4' });
  // Without a word that it was all, by which an EventSource comes again.
  expect(await first.next()).toBeNull();
  expect(performance.now() - since).toBeGreaterThanOrEqual(FOLLOW_MS);
  suite.logs.print(job, 'two\n');
  await end(service, job);
  const second = await follow(`${path}?follow=1`, { 'last-event-id': '1-4' });
  expect(await second.until('end')).toMatchObject([
    { event: 'log', data: 'two', id: '1-8' },
    { event: 'end' },
  ]);
});
