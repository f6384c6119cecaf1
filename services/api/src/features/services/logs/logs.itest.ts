import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Job, Principal, Role, Service } from '@wakefield/domain';
import { SAMPLE_NOW, until } from '@wakefield/testkit';
import { apiSuite } from '../../../../test/api-suite.ts';
import { type EventReader, readEvents } from '../../../../test/event-reader.ts';
import { openPaperLogs, type PaperLogs } from '../../../../test/paper-logs.ts';

/** The key says who it is: `role@project`. */
function principalOf(authorization: string | undefined): Principal | null {
  const key = authorization?.replace('Bearer ', '') ?? '';
  const [role = '', project = ''] = key.split('@');
  return key === '' ? null : { kind: 'user', id: key, grants: [{ project, role: role as Role }] };
}

const KEY = 'viewer@mine';
const ending = new AbortController();
const api = apiSuite({
  identifier: { identify: principalOf },
  scheduler: false,
  over: { ending: ending.signal },
});
let logs: PaperLogs;
let ids = 100;

beforeAll(async () => {
  for (const project of ['mine', 'theirs']) await api.store.project(project);
  logs = await openPaperLogs(api.store.stores, api.redis);
});
afterAll(() => logs.close());

async function start(
  patch: Partial<Job> = {},
  project = 'mine',
): Promise<{ readonly service: Service; readonly job: Job; readonly path: string }> {
  const service = await api.store.service({ project });
  const job = await addJob(service, 1, patch);
  await api.store.verdict(service, { state: 'running' });
  return { service, job, path: `/api/v1/services/${service.id}/logs` };
}

function addJob(service: Service, seq: number, patch: Partial<Job> = {}): Promise<Job> {
  ids += 1;
  const running = { phase: 'ready', startedAt: SAMPLE_NOW, readyAt: SAMPLE_NOW } as const;
  return api.store.serviceJob(service, seq, { ...running, clusterJobId: `${ids}`, ...patch });
}

const ended = { phase: 'ended', outcome: 'failed', endedAt: SAMPLE_NOW } as const;

async function end(service: Service, job: Job): Promise<void> {
  await api.store.stores.jobs.patch(job.id, ['ready'], ended);
  await api.store.verdict(service, { state: 'failed', reason: 'exit code 1' });
}

const get = (path: string, headers: Record<string, string> = {}, key = KEY) =>
  api.call('GET', path, { key, headers });
const follow = (path: string, headers: Record<string, string> = {}): Promise<EventReader> =>
  readEvents(`${api.url}${path}`, KEY, headers);

describe('the log of a service', () => {
  it('is plain text, its last 200 lines', async () => {
    const { path, job } = await start();
    logs.print(job, Array.from({ length: 300 }, (_, i) => `line ${i}\n`).join(''));
    const answer = await get(path, { accept: '*/*' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.text.split('\n')).toHaveLength(201);
    expect(answer.text).toMatch(/^line 100\n.*line 299\n$/s);
    expect(answer.headers.get('x-log-truncated')).toBe('true');
    expect(answer.headers.get('x-log-job-id')).toBe(job.clusterJobId);
    expect((await get(`${path}?tail=1`)).text).toBe('line 299\n');
    expect((await get(`${path}?tail=all&bytes=20`)).text).toBe('line 298\nline 299\n');
    const all = await get(`${path}?tail=all`);
    expect(all.text).toMatch(/^line 0\n/);
    expect(all.headers.get('x-log-truncated')).toBeNull();
  });

  it('is JSON for who asks for that', async () => {
    const { path, job, service } = await start();
    logs.print(job, 'one\ntwo\n');
    const { body } = await get(path, { accept: 'application/json' });
    expect(body).toEqual({
      ...{ id: job.clusterJobId, uuid: service.id, job_id: job.clusterJobId, log: 'one\ntwo\n' },
      ...{ truncated: false, over: false, position: '1-8', note: null },
      read_at: expect.stringMatching(/^20/),
    });
  });

  it('is read once for many who want it at the same time', async () => {
    const { path, job } = await start();
    logs.print(job, 'one\n');
    const before = logs.reads();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(path)));
    for (const { text } of answers) expect(text).toBe('one\n');
    expect(logs.reads() - before).toBeLessThan(5);
  });

  it('is empty with the reason where there is none yet, or none any more', async () => {
    const without = await api.store.service({ project: 'mine' });
    const answer = await get(`/api/v1/services/${without.id}/logs`);
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.get('x-log-note')).toBe('The service has no job yet.');
    const note = async (path: string) =>
      (await get(path, { accept: 'application/json' })).body.note;
    const waiting = await start({ phase: 'queued', startedAt: null, readyAt: null });
    expect(await note(waiting.path)).toMatch(/has not started/);
    expect(await note((await start()).path)).toMatch(/has written nothing yet/);
    expect(await note((await start(ended)).path)).toMatch(/left no log/);
  });

  it('is what the batch system said where the job wrote none', async () => {
    const { path, job } = await start(ended);
    logs.batch(job, 'slurmstepd: error: no such node\n');
    const { body } = await get(path, { accept: 'application/json' });
    expect(body).toMatchObject({ log: 'slurmstepd: error: no such node\n', over: true });
    expect(body.note).toMatch(/batch system/);
    expect(body.position).toBeNull();
  });

  it('is that of its newest job that has started', async () => {
    const { path, job, service } = await start();
    const next = await addJob(service, 2, { phase: 'queued', startedAt: null, readyAt: null });
    logs.print(job, 'first\n');
    logs.print(next, 'second\n');
    expect((await get(path)).text).toBe('first\n');
    await api.store.stores.jobs.patch(next.id, ['queued'], {
      phase: 'ready',
      startedAt: SAMPLE_NOW,
    });
    expect((await get(path)).text).toBe('second\n');
  });

  it('of a silent cluster is what was known lately, with a note; else 503', async () => {
    const { path, job } = await start();
    logs.print(job, 'one\n');
    expect((await get(path)).text).toBe('one\n');
    logs.silence('login.here: connect ETIMEDOUT\nno');
    try {
      await until(async () => (await get(path)).headers.get('x-log-note') !== null);
      const stale = await get(path);
      expect(stale.text).toBe('one\n');
      expect(stale.headers.get('x-log-note')).toMatch(/could not be read since: .*ETIMEDOUT no$/);
      const { status, body, headers } = await get((await start()).path);
      expect(status).toBe(503);
      expect(body.error.code).toBe('cluster_unreachable');
      expect(body.error.message).toContain('connect ETIMEDOUT');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      logs.silence(null);
    }
    await until(async () => (await get(path)).headers.get('x-log-note') === null);
  });

  it('is for who may read its project', async () => {
    const { path } = await start({}, 'theirs');
    const { status, body } = await get(path);
    expect([status, body.error.code]).toEqual([404, 'service_not_found']);
    expect((await get(path, {}, 'viewer@theirs')).status).toBe(200);
    expect((await get('/api/v1/services/nothing/logs')).body.error.code).toBe('service_not_found');
  });

  it.each([
    ['tail=-1', 'tail'],
    ['tail=1234567', 'tail'],
    ['bytes=0', 'bytes'],
    ['bytes=1048577', 'bytes'],
    ['follow=yes', 'follow'],
    ['lines=5', 'lines'],
  ])('takes no %s', async (query, param) => {
    const { path } = await start();
    const { status, body } = await get(`${path}?${query}`);
    expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_request', param]);
  });
});

describe('following', () => {
  it('tells the last lines, then whole lines as they come, and the end', async () => {
    const { path, job, service } = await start();
    logs.print(job, 'one\ntwo\n');
    const stream = await follow(`${path}?follow=1&tail=1`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await stream.next()).toEqual({ event: 'log', data: 'two', id: '1-8' });
    logs.print(job, 'three\nfo');
    expect(await stream.next()).toEqual({ event: 'log', data: 'three', id: '1-14' });
    logs.print(job, 'ur');
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
    logs.print(job, 'one\ntwo\nthree\n');
    const first = await follow(`${path}?follow=true&tail=2`);
    expect(await first.next()).toMatchObject({ data: 'two\nthree', id: '1-14' });
    first.leave();
    logs.print(job, 'four\n');
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
    logs.print(job, text);
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
    logs.print(job, 'one\n');
    const stream = await follow(`${path}?follow=1`);
    expect(await stream.next()).toMatchObject({ data: 'one' });
    logs.silence('login.here: connect ETIMEDOUT');
    expect((await stream.next())?.data).toContain('ETIMEDOUT');
    logs.print(job, 'two\n');
    logs.silence(null);
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
    logs.print(first, 'first\n');
    expect(await stream.next()).toEqual({ event: 'log', data: 'first', id: '1-6' });
    await api.store.stores.jobs.patch(first.id, ['ready'], ended);
    const next = await addJob(service, 2);
    logs.print(next, 'second\n');
    const read = await stream.until('log');
    expect(read).toMatchObject([{ event: 'notice' }, { data: 'second', id: '2-7' }]);
    stream.leave();
  });

  it('tells what the batch system said, once the job is over', async () => {
    const { path, job, service } = await start();
    logs.batch(job, 'no such');
    const stream = await follow(`${path}?follow=1`);
    logs.batch(job, 'no such partition\n');
    await end(service, job);
    expect(await stream.until('end')).toMatchObject([
      { event: 'log', data: 'no such partition', id: null },
      { event: 'end' },
    ]);
  });

  it('asks nobody any more when its client has left', async () => {
    const { path, job } = await start();
    logs.print(job, 'one\n');
    const stream = await follow(`${path}?follow=1`);
    await stream.next();
    stream.leave();
    await until(() => api.log().includes('"route":"getServiceLogs","status":499'));
    const before = logs.reads();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(logs.reads() - before).toBeLessThanOrEqual(1);
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
    logs.print(job, 'one\n');
    const stream = await follow(`${path}?follow=1`);
    await stream.next();
    ending.abort();
    expect(await stream.next()).toBeNull();
  });
});
