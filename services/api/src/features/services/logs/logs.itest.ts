import { describe, expect, it } from '@jest/globals';
import { SAMPLE_NOW, until } from '@wakefield/testkit';
import { ended, logSuite } from '../../../../test/log-suite.ts';

const suite = logSuite();
const { api, start, addJob, get } = suite;

describe('the log of a service', () => {
  it('is plain text, its last 200 lines', async () => {
    const { path, job } = await start();
    suite.logs.print(job, Array.from({ length: 300 }, (_, i) => `line ${i}\n`).join(''));
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
    suite.logs.print(job, 'one\ntwo\n');
    const { body } = await get(path, { accept: 'application/json' });
    expect(body).toEqual({
      ...{ id: job.clusterJobId, uuid: service.id, job_id: job.clusterJobId, log: 'one\ntwo\n' },
      ...{ truncated: false, over: false, position: '1-8', note: null },
      read_at: expect.stringMatching(/^20/),
    });
  });

  it('is read once for many who want it at the same time', async () => {
    const { path, job } = await start();
    suite.logs.print(job, 'one\n');
    const before = suite.logs.reads();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(path)));
    for (const { text } of answers) expect(text).toBe('one\n');
    expect(suite.logs.reads() - before).toBeLessThan(5);
  });

  it('is waited for by twenty requests of one caller at most', async () => {
    const { path, job } = await start();
    suite.logs.print(job, 'one\n');
    const waiters = async () =>
      Number(/kind="waiter"[^}]*} (\d+)/.exec((await api.metrics.expose()).body)?.[1]);
    const goOn = suite.logs.hold();
    const waiting = Array.from({ length: 20 }, () => get(path));
    await until(async () => (await waiters()) === 20);
    const { status, body } = await get(path);
    expect([status, body.error.code]).toEqual([503, 'overloaded']);
    goOn();
    for (const { text } of await Promise.all(waiting)) expect(text).toBe('one\n');
    expect(await waiters()).toBe(0);
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
    suite.logs.batch(job, 'slurmstepd: error: no such node\n');
    const { body } = await get(path, { accept: 'application/json' });
    expect(body).toMatchObject({ log: 'slurmstepd: error: no such node\n', over: true });
    expect(body.note).toMatch(/batch system/);
    expect(body.position).toBeNull();
  });

  it('is that of its newest job that has started', async () => {
    const { path, job, service } = await start();
    const next = await addJob(service, 2, { phase: 'queued', startedAt: null, readyAt: null });
    suite.logs.print(job, 'first\n');
    suite.logs.print(next, 'second\n');
    expect((await get(path)).text).toBe('first\n');
    await api.store.stores.jobs.patch(next.id, ['queued'], {
      phase: 'ready',
      startedAt: SAMPLE_NOW,
    });
    expect((await get(path)).text).toBe('second\n');
  });

  it('of a silent cluster is what was known lately, with a note; else 503', async () => {
    const { path, job } = await start();
    suite.logs.print(job, 'one\n');
    expect((await get(path)).text).toBe('one\n');
    suite.logs.silence('login.here: connect ETIMEDOUT\nno');
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
      suite.logs.silence(null);
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
