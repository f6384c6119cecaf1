import { describe, expect, jest, test } from '@jest/globals';
import { startEngine } from '../test/engine.ts';
import { openScene, type Scene } from '../test/heappe.ts';
import { heappeVersions } from './index.ts';

jest.setTimeout(60_000);

async function within<T>(version: string, work: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await openScene({ version });
  try {
    return await work(scene);
  } finally {
    await scene.stop();
  }
}

test.each([
  ['5.0', 404, 404],
  ['6.0', 200, 404],
  ['6.1', 200, 404],
  ['6.2', 200, 200],
  ['6.2.2', 200, 200],
  ['6.3', 200, 200],
])('%s: Health and dry runs', (version, health, dryRun) =>
  within(version, async (scene) => {
    const answer = await scene.call('GET', 'Health');
    expect(answer.status).toBe(health);
    if (health === 200) expect(heappeVersions).toContain(answer.json.Version);
    const body = {
      ProjectId: 1,
      ClusterNodeTypeId: 11,
      Nodes: 1,
      TasksPerNode: 1,
      WallTimeInMinutes: 1,
      SessionCode: await scene.session('submitter'),
    };
    expect((await scene.call('POST', 'JobManagement/DryRunJob', body)).status).toBe(dryRun);
    const key = { 'X-API-Key': 'submitter:submitter-password' };
    const listed = await scene.call('GET', 'JobManagement/ListJobsForCurrentUser', undefined, key);
    // Before 6.2 a key is nothing, and the session code is missing.
    expect(listed.status).toBe(dryRun);
  }),
);

test('5.0 answers external trouble with 500 and looks at the form of session codes', () =>
  within('5.0', async (scene) => {
    const wrong = { Credentials: { Username: 'manager', Password: 'no' } };
    expect(
      await scene.call('POST', 'UserAndLimitationManagement/AuthenticateUserPassword', wrong),
    ).toMatchObject({ status: 500, json: { title: 'External Problem' } });
    const odd = await scene.call('GET', 'JobManagement/ListJobsForCurrentUser?sessionCode=odd');
    expect(odd).toMatchObject({ status: 404, json: { detail: 'SessionCode has wrong format.' } });
    const none = await scene.call(
      'GET',
      `JobManagement/ListJobsForCurrentUser?sessionCode=${crypto.randomUUID()}`,
    );
    expect(none).toMatchObject({
      status: 401,
      json: {
        title: 'Session Code Authentication Problem',
        detail: expect.stringMatching(/not present/),
      },
    });
  }));

test.each([
  ['6.2.1', 400, 413],
  ['6.2.2', 200, 200],
])('%s: how long a template may be', (version, ofOneText, ofAll) =>
  within(version, async (scene) => {
    const SessionCode = await scene.session();
    const post = async (change: object) => {
      const body = {
        Name: 'long',
        ExecutableFile: '/bin/bash',
        ClusterNodeTypeId: 11,
        ProjectId: 1,
        TemplateParameters: [],
        SessionCode,
      };
      return (await scene.call('POST', 'Management/CommandTemplate', { ...body, ...change }))
        .status;
    };
    expect(await post({ ExtendedAllocationCommand: 'x'.repeat(100) })).toBe(200);
    expect(await post({ ExtendedAllocationCommand: 'x'.repeat(101) })).toBe(ofOneText);
    expect(await post({ PreparationScript: 'x'.repeat(501) })).toBe(ofOneText);
    expect(await post({ Unknown: 'x'.repeat(1520) })).toBe(ofAll);
  }),
);

test.each([
  ['5.0', 413],
  ['6.0', 404],
])('%s: how long a job may be', (version, status) =>
  within(version, async (scene) => {
    const body = {
      JobSpecification: { Name: '', Unknown: 'x'.repeat(50_000) },
      SessionCode: await scene.session('submitter'),
    };
    expect((await scene.call('POST', 'JobManagement/CreateJob', body)).status).toBe(status);
  }),
);

describe('tunnels of old', () => {
  // Files cannot be uploaded before 6.2, so the program is in the template.
  const open = async (scene: Scene, field: string) => startEngine(scene, field);

  test('5.0 calls the task’s id the job’s, refuses a second one, and forgets none of 50 kB', () =>
    within('5.0', async (scene) => {
      const engine = await open(scene, 'SubmittedJobInfoId');
      expect((await engine.get('/echo')).status).toBe(500);
      expect((await engine.open()).status).toBe(200);
      const again = await engine.open();
      expect(again).toMatchObject({ status: 500, json: { title: 'External Problem' } });
      expect(again.json.detail).toMatch(/already has SSH tunnel for port/);
      expect((await engine.get('/echo')).status).toBe(200);
      expect((await engine.post('/echo', 'x'.repeat(50_000))).status).toBe(413);
      expect((await engine.stream('/events', '{}')).status).toBe(404);
    }));

  test('6.0 mends a stale one in the call', () =>
    within('6.0', async (scene) => {
      const engine = await open(scene, 'SubmittedTaskInfoId');
      await engine.open();
      scene.server.control.makeTunnelsStale();
      expect((await engine.post('/echo', '{}')).status).toBe(400);
      expect((await engine.get('/echo')).status).toBe(200);
      expect((await engine.open()).json).toMatchObject({
        title: 'Invalid Request',
        detail: expect.stringMatching(/already has SSH tunnel/),
      });
    }));

  test('there are a hundred, on 6.1 many of one task', () =>
    within('6.1', async (scene) => {
      const engine = await open(scene, 'SubmittedTaskInfoId');
      const ask = (Port: number) =>
        scene.call('POST', 'DataTransfer/RequestDataTransfer', {
          SubmittedTaskInfoId: engine.taskId,
          IpAddress: engine.address,
          Port,
          SessionCode: engine.session,
        });
      for (let port = 1001; port <= 1100; port++) expect((await ask(port)).status).toBe(200);
      expect(await ask(1101)).toMatchObject({ status: 502, json: { title: 'Tunnel Exception' } });
    }));

  test('6.1 passes event streams and mangles the rest', () =>
    within('6.1', async (scene) => {
      const engine = await open(scene, 'SubmittedTaskInfoId');
      await engine.open();
      const events = await engine.stream('/events', '{}');
      expect(await events.text()).toMatch(/^data: {"n":1}\n\ndata: {"n":2}\n\n/);
      const text = await (await engine.stream('/long', '{}')).text();
      const pieces = text.split('\n\n').slice(0, -1);
      expect(pieces.map((piece) => piece.slice(0, 6))).toEqual(['data: ', 'data: ', 'data: ']);
      expect(pieces.map((piece) => piece.slice(6)).join('')).toBe(
        JSON.stringify({ text: 'x'.repeat(600) }),
      );
      const letters = await (await engine.stream('/letters', '{}')).text();
      expect(letters).toContain('\uFFFD');
      const manager = await scene.session('manager');
      const foreign = await engine.stream('/events', '{}', { SessionCode: manager });
      expect(await foreign.text()).toBe('data: Error: UserNotAuthorizedToWorkWithJob\n\n');
    }));
});
