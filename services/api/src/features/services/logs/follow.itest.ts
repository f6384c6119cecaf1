import { describe, expect, it } from '@jest/globals';
import { decideCommand } from '@wakefield/domain';
import { SAMPLE_NOW, sampleServiceSpec, until } from '@wakefield/testkit';
import { ended, logSuite } from '../../../../test/log-suite.ts';

const suite = logSuite();
const { api, start, addJob, end, get, follow } = suite;

describe('following', () => {
  it('tells the last lines, then whole lines as they come, and the end', async () => {
    const { path, job, service } = await start();
    suite.logs.print(job, 'one\ntwo\n');
    const stream = await follow(`${path}?follow=1&tail=1`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await stream.next()).toEqual({ event: 'log', data: 'two', id: '1-8' });
    suite.logs.print(job, 'three\nfo');
    expect(await stream.next()).toEqual({ event: 'log', data: 'three', id: '1-14' });
    suite.logs.print(job, 'ur');
    await end(service, job);
    expect(await stream.next()).toEqual({ event: 'log', data: 'four', id: '1-18' });
    const data = JSON.stringify({ status: 'failed', reason: 'exit code 1' });
    expect(await stream.next()).toEqual({ event: 'end', data, id: '1-18' });
    expect(await stream.next()).toBeNull();
    const again = await follow(`${path}?follow=1`, { 'last-event-id': '1-18' });
    expect(again.status).toBe(204);
  });

  it('goes on behind the last event without a gap', async () => {
    const { path, job, service } = await start();
    suite.logs.print(job, 'one\ntwo\nthree\n');
    const first = await follow(`${path}?follow=true&tail=2`);
    expect(await first.next()).toMatchObject({ data: 'two\nthree', id: '1-14' });
    first.leave();
    suite.logs.print(job, 'four\n');
    const second = await follow(`${path}?follow=1&tail=0`, { 'last-event-id': '1-8' });
    const read = await second.until('log');
    await end(service, job);
    const rest = await second.until('end');
    const text = [...read, ...rest].filter(({ event }) => event === 'log').map(({ data }) => data);
    expect(text.join('\n')).toBe('three\nfour');
    // Of an answer that was read once, as well.
    const position = (await get(path)).headers.get('x-log-position');
    expect(position).toBe('1-19');
  });

  it('tells much in many events, and says what was lost', async () => {
    const { path, job, service } = await start(ended);
    await api.store.verdict(service, { state: 'failed' });
    const text = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join('');
    suite.logs.print(job, text);
    const stream = await follow(`${path}?follow=1`, { 'last-event-id': '1-10' });
    const read = await stream.until('end');
    expect(read[0]).toMatchObject({ event: 'notice', data: expect.stringContaining('are lost') });
    const lines = read.filter(({ event }) => event === 'log').map(({ data }) => `${data}\n`);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.join('')).toBe(text.slice(-lines.join('').length));
    expect(lines.join('').length).toBe(1 << 20);
  });

  it('tells that the cluster cannot be read, once, and goes on when it can', async () => {
    const { path, job } = await start();
    suite.logs.print(job, 'one\n');
    const stream = await follow(`${path}?follow=1`);
    expect(await stream.next()).toMatchObject({ data: 'one' });
    suite.logs.silence('login.here: connect ETIMEDOUT');
    expect((await stream.next())?.data).toContain('ETIMEDOUT');
    suite.logs.print(job, 'two\n');
    suite.logs.silence(null);
    expect(await stream.until('log')).toMatchObject([
      { event: 'notice' },
      { event: 'log', data: 'two', id: '1-8' },
    ]);
    stream.leave();
  });

  it('waits for a job, and goes on with the next one of a service that is kept', async () => {
    const service = await api.store.service({ project: 'mine' });
    const stream = await follow(`/api/v1/services/${service.id}/logs?follow=1`);
    const first = await addJob(service, 1);
    suite.logs.print(first, 'first\n');
    expect(await stream.next()).toEqual({ event: 'log', data: 'first', id: '1-6' });
    await api.store.stores.jobs.patch(first.id, ['ready'], ended);
    const next = await addJob(service, 2);
    suite.logs.print(next, 'second\n');
    const read = await stream.until('log');
    expect(read).toMatchObject([{ event: 'notice' }, { data: 'second', id: '2-7' }]);
    stream.leave();
  });

  it('waits for a start that is only accepted', async () => {
    const spec = sampleServiceSpec();
    const id = await api.store.accept('mine', { kind: 'startService', spec });
    const stream = await follow(`/api/v1/services/${id}/logs?follow=1`);
    const input = { now: SAMPLE_NOW, newModelId: id, defaultCluster: null };
    await api.store.stores.commands.apply(id, SAMPLE_NOW, (now) => decideCommand(now, input));
    const service = await api.store.stores.services.get(id);
    if (service === null) throw new Error('it is not there');
    suite.logs.print(await addJob(service, 1), 'first\n');
    expect(await stream.next()).toEqual({ event: 'log', data: 'first', id: '1-6' });
    stream.leave();
  });

  it('tells what the batch system said, once the job is over', async () => {
    const { path, job, service } = await start();
    suite.logs.batch(job, 'no such');
    const stream = await follow(`${path}?follow=1`);
    suite.logs.batch(job, 'no such partition\n');
    await end(service, job);
    expect(await stream.until('end')).toMatchObject([
      { event: 'log', data: 'no such partition', id: null },
      { event: 'end' },
    ]);
  });

  it('asks nobody any more when its client has left', async () => {
    const { path, job } = await start();
    suite.logs.print(job, 'one\n');
    const stream = await follow(`${path}?follow=1`);
    await stream.next();
    stream.leave();
    await until(() => api.log().includes('"route":"getServiceLogs","status":499'));
    const before = suite.logs.reads();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(suite.logs.reads() - before).toBeLessThanOrEqual(1);
  });

  it('is no more than twenty streams of one caller', async () => {
    const { path } = await start();
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(`${path}?follow=1`)));
    const { status, body } = await get(`${path}?follow=1`);
    expect([status, body.error.code]).toEqual([503, 'overloaded']);
    for (const stream of streams) stream.leave();
    await until(async () => {
      const again = await follow(`${path}?follow=1`);
      again.leave();
      return again.status === 200;
    });
  });

  it('ends with its process, so that clients come again', async () => {
    const { path, job } = await start();
    suite.logs.print(job, 'one\n');
    const stream = await follow(`${path}?follow=1`);
    await stream.next();
    suite.endProcess();
    expect(await stream.next()).toBeNull();
  });
});
