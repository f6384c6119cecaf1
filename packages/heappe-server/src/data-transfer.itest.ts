import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Engine, startEngine } from '../test/engine.ts';
import { openScene, type Scene } from '../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
let engine: Engine;
beforeAll(async () => {
  scene = await openScene({ nodeTimeoutMs: 500 });
  engine = await startEngine(scene);
});
afterAll(() => scene.stop());

describe('tunnels', () => {
  test('a call without one says so', async () => {
    expect(await engine.get('/echo')).toMatchObject({
      status: 400,
      json: { title: 'Invalid Request', status: 400, detail: 'NoActiveConnectionForUser' },
    });
    const stream = await engine.stream('/events', '{}');
    expect(stream.status).toBe(200);
    expect(await stream.text()).toBe('data: Error: NoActiveConnectionForUser\n\n');
  });

  test('there is one for a task and a person, whatever is asked for', async () => {
    const first = await engine.open();
    expect(first.json).toEqual({
      SubmittedTaskId: engine.taskId,
      Port: 4000,
      NodeIPAddress: engine.address,
      NodePort: engine.port,
    });
    const other = await scene.call('POST', 'DataTransfer/RequestDataTransfer', {
      SubmittedTaskInfoId: engine.taskId,
      IpAddress: '10.0.0.7',
      Port: 99,
      SessionCode: engine.session,
    });
    expect(other.json).toEqual(first.json);
    const manager = await scene.session('manager');
    const theirs = await engine.get('/echo', { SessionCode: manager });
    expect(theirs.json.detail).toBe('NoActiveConnectionForUser');
  });

  test.each([
    ['port 22', { Port: 22 }],
    ['an address that is none', { IpAddress: 'not_a_node!' }],
    ['no task', { SubmittedTaskInfoId: 0 }],
  ])('%s is 404', async (_, change) => {
    const answer = await scene.call('POST', 'DataTransfer/RequestDataTransfer', {
      SubmittedTaskInfoId: engine.taskId,
      IpAddress: engine.address,
      Port: engine.port,
      SessionCode: engine.session,
      ...change,
    });
    expect(answer).toMatchObject({ status: 404, json: { title: 'Validation Problem' } });
  });
});

describe('GET and POST', () => {
  beforeAll(() => engine.open());

  test('the body comes as a string of JSON', async () => {
    const answer = await engine.get('/echo');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.json)).toMatchObject({ method: 'GET', word: 'žluťoučký' });
    const posted = await engine.post('/echo', '{"a":1}');
    expect(JSON.parse(posted.json)).toMatchObject({ method: 'POST', body: '{"a":1}' });
  });

  test.each([
    ['/busy', `'{"error":"busy"}'`],
    ['/created', "'made'"],
    ['/nowhere', "'nothing here'"],
    ['/never', "''"],
  ])('%s is 400, and its status is lost', async (path, detail) => {
    expect(await engine.post(path, '{}')).toMatchObject({
      status: 400,
      json: { title: 'Invalid Request', detail },
    });
  });

  test('headers: one at least for GET, none longer than 100, none empty, null is an accident', async () => {
    const long = { Name: 'Authorization', Value: 'x'.repeat(101) };
    expect((await engine.get('/echo', { HttpHeaders: [] })).status).toBe(404);
    expect((await engine.post('/echo', '{}', { HttpHeaders: [] })).status).toBe(200);
    expect((await engine.post('/echo', '{}', { HttpHeaders: null })).status).toBe(500);
    const refused = await engine.post('/echo', '{}', { HttpHeaders: [long] });
    expect(refused.status).toBe(400);
    expect(refused.type).toMatch(/^application\/problem\+json/);
    expect(refused.json.errors).toHaveProperty(['HttpHeaders[0].Value']);
    const empty = { HttpHeaders: [{ Name: 'X', Value: '' }] };
    expect((await engine.post('/echo', '{}', empty)).status).toBe(404);
  });

  test('more than 5 MB is 413 without a body, 50 kB for GET', async () => {
    expect(await engine.post('/echo', 'x'.repeat(5_000_000))).toMatchObject({
      status: 413,
      text: '',
    });
    expect((await engine.get('/echo', { HttpRequest: '/'.repeat(50_000) })).status).toBe(413);
  });
});

describe('ends', () => {
  test('a closed tunnel is closed; another person may not close it', async () => {
    const { json: method } = await engine.open();
    const close = (SessionCode: string) =>
      scene.call('POST', 'DataTransfer/CloseDataTransfer', {
        UsedTransferMethod: method,
        SessionCode,
      });
    expect((await close(await scene.session('manager'))).status).toBe(401);
    expect(await close(engine.session)).toMatchObject({ status: 200, json: 'CloseDataTransfer' });
    expect((await close(engine.session)).status).toBe(400);
    expect((await engine.get('/echo')).status).toBe(400);
  });

  test('a stale one refuses until it is closed and asked for again', async () => {
    const { json: method } = await engine.open();
    scene.server.control.makeTunnelsStale();
    expect((await engine.get('/echo')).json.detail).toBe("''");
    const stream = await engine.stream('/events', '{}');
    expect(await stream.text()).toBe('data: Error: Connection refused (localhost:4000)\n\n');
    expect((await engine.open()).json).toEqual(method);
    expect((await engine.get('/echo')).status).toBe(400);
    await scene.call('POST', 'DataTransfer/CloseDataTransfer', {
      UsedTransferMethod: method,
      SessionCode: engine.session,
    });
    await engine.open();
    expect((await engine.get('/echo')).status).toBe(200);
  });

  test('a restart loses tunnels, not sessions and not the job', async () => {
    await engine.open();
    await scene.server.control.restart();
    expect((await engine.get('/echo')).json.detail).toBe('NoActiveConnectionForUser');
    expect((await scene.job(engine.id)).State).toBe(8);
  });

  test('with the job’s end its tunnels go', async () => {
    const SessionCode = await scene.session('submitter');
    await scene.call('PUT', 'JobManagement/CancelJob', {
      SubmittedJobInfoId: engine.id,
      SessionCode,
    });
    await scene.jobUntil(engine.id, ({ State }) => State === 32);
    const refused = await scene.call('POST', 'DataTransfer/RequestDataTransfer', {
      SubmittedTaskInfoId: engine.taskId,
      IpAddress: engine.address,
      Port: engine.port,
      SessionCode,
    });
    expect(refused).toMatchObject({
      status: 400,
      json: { detail: `TaskId '${engine.taskId}' is not a currently running task.` },
    });
  });
});
