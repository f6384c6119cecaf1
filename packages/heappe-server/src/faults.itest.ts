import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { openScene, type Scene } from '../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
let session: string;
let templateId: number;
beforeAll(async () => {
  scene = await openScene();
  session = await scene.session('submitter');
  templateId = await scene.template();
});
afterEach(() => scene.server.control.clearFaults());
afterAll(() => scene.stop());

const health = () => scene.call('GET', 'Health');
const jobs = async (states = '') =>
  (
    await scene.call(
      'GET',
      `JobManagement/ListJobsForCurrentUser?sessionCode=${session}&jobStates=${states}`,
    )
  ).json;
const created = async (name: string) => {
  const body = {
    JobSpecification: scene.specification(templateId, { name }),
    SessionCode: session,
  };
  return fetch(`${scene.server.url}/heappe/JobManagement/CreateJob`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(400),
  });
};

test('429 and 500, so many times', async () => {
  const { control } = scene.server;
  control.addFault({
    action: '*',
    when: 'before',
    effect: { kind: 'status', status: 429 },
    times: 2,
  });
  control.addFault({
    action: 'health',
    when: 'before',
    effect: { kind: 'status', status: 500 },
    times: 1,
  });
  expect((await health()).status).toBe(429);
  expect((await health()).status).toBe(429);
  expect(await health()).toMatchObject({
    status: 500,
    json: { title: 'Problem', detail: 'Problem occured! Contact the administrators.' },
  });
  expect((await health()).status).toBe(200);
});

test('a creation that times out and was done', async () => {
  scene.server.control.addFault({
    action: 'CreateJob',
    when: 'after',
    effect: { kind: 'hang' },
    times: 1,
  });
  await expect(created('hangs')).rejects.toThrow(/timeout/i);
  expect(await jobs()).toMatchObject([{ Name: 'hangs', State: 1 }]);
});

test('a creation that is slow, and one that is cut before anything was done', async () => {
  const { control } = scene.server;
  control.addFault({
    action: 'CreateJob',
    when: 'before',
    effect: { kind: 'delay', ms: 150 },
    times: 1,
  });
  const before = Date.now();
  expect((await created('slow')).status).toBe(200);
  expect(Date.now() - before).toBeGreaterThanOrEqual(140);
  control.addFault({
    action: 'CreateJob',
    when: 'before',
    effect: { kind: 'disconnect' },
    times: 1,
  });
  await expect(created('cut')).rejects.toThrow();
  expect((await jobs()).map(({ Name }: { Name: string }) => Name)).not.toContain('cut');
});

test('a submission that times out and was done: the job runs, once', async () => {
  scene.server.control.addFault({
    action: 'SubmitJob',
    when: 'after',
    effect: { kind: 'disconnect' },
    times: 1,
  });
  await expect(scene.run({ name: 'submitted', lines: ['true'] })).rejects.toThrow();
  const own = async () =>
    (await jobs()).filter(({ Name }: { Name: string }) => Name === 'submitted');
  const [{ Id: id }] = await own();
  await scene.jobUntil(id, ({ State }) => State === 16);
  const again = await scene.call('PUT', 'JobManagement/SubmitJob', {
    CreatedJobInfoId: id,
    SessionCode: session,
  });
  expect(again).toMatchObject({
    status: 404,
    json: { detail: 'Unable to submit the job (incorrect job state).' },
  });
  expect(await own()).toHaveLength(1);
});

test('sbatch refuses: 502 with its words, paths left out, and the job stays as it was created', async () => {
  scene.server.control.setSwitches({
    schedulerRefusal: 'sbatch: error: Unable to open file /home/x/y',
  });
  await expect(scene.run({ name: 'refused', lines: ['true'] })).rejects.toThrow(/Slurm Problem/);
  const [job] = (await jobs('1')).filter(({ Name }: { Name: string }) => Name === 'refused');
  expect(job.State).toBe(1);
});

test('sbatch takes a job and its command fails: the job runs, and stays as it was created', async () => {
  scene.server.control.setSwitches({ schedulerForgets: 'Unable to contact slurm controller' });
  await expect(scene.run({ name: 'forgotten', lines: ['touch ran'] })).rejects.toThrow(
    /Unable to contact/,
  );
  const [job] = (await jobs('1')).filter(({ Name }: { Name: string }) => Name === 'forgotten');
  expect(job.State).toBe(1);
  expect(job.Tasks[0].State).toBe(1);
});

test('junk for an address', async () => {
  const { id, taskId } = await scene.run({ lines: ['sleep 300'] });
  await scene.jobUntil(id, ({ State }) => State === 8);
  const addresses = async () =>
    (
      await scene.call(
        'GET',
        `JobManagement/AllocatedNodesIPs?sessionCode=${session}&submittedTaskInfoId=${taskId}`,
      )
    ).json;
  expect(await addresses()).toEqual(['127.0.0.1']);
  scene.server.control.setSwitches({ junkAddress: '3(NXDOMAIN)' });
  expect(await addresses()).toEqual(['3(NXDOMAIN)']);
});

test('states stand still while the poll is held', async () => {
  scene.server.control.setSwitches({ pollHeld: true });
  const { id } = await scene.run({ lines: ['true'] });
  expect((await scene.job(id)).State).toBe(8);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await scene.job(id)).State).toBe(8);
  scene.server.control.clearFaults();
  await scene.jobUntil(id, ({ State }) => State === 16);
});

test('purged by the scheduler: the last of the list takes all of the account along', async () => {
  const { control } = scene.server;
  const runs = await scene.run({ name: 'runs-on', lines: ['sleep 300'] });
  const gone = await scene.run({ name: 'purged', lines: ['true'] });
  expect(await control.purge(gone.id)).toBe(true);
  await control.poll();
  expect((await scene.job(gone.id)).State).toBe(32);
  // It runs, and HEAppE will not look again.
  expect((await scene.job(runs.id)).State).toBe(32);
});

test('purged in the middle of the list: it alone has failed', async () => {
  const { control } = scene.server;
  control.setSwitches({ pollHeld: true });
  const gone = await scene.run({ name: 'purged', lines: ['true'] });
  const runs = await scene.run({ name: 'runs-on', lines: ['sleep 300'] });
  await control.purge(gone.id);
  await control.poll();
  expect((await scene.job(gone.id)).State).toBe(32);
  expect((await scene.job(runs.id)).State).toBe(8);
});

test('a controller that does not answer for one poll: everything has failed', async () => {
  const runs = await scene.run({ lines: ['sleep 300'] });
  scene.server.control.setSwitches({ schedulerSilent: true });
  await scene.server.control.poll();
  expect((await scene.job(runs.id)).State).toBe(32);
});

test('waits longer than its WaitingLimit: cancelled by HEAppE', async () => {
  const { control } = scene.server;
  const big = await scene.run({ name: 'fills', lines: ['sleep 300'], cores: 16 });
  const late = await scene.run({ name: 'waits', lines: ['true'], waitingLimit: 60 });
  await control.poll();
  expect((await scene.job(late.id)).State).toBe(4);
  control.advance(61_000);
  await scene.jobUntil(late.id, ({ State }) => State === 32);
  expect((await scene.job(big.id)).State).toBeLessThanOrEqual(8);
});

test('the switches can be reached over HTTP, on a port that is not HEAppE’s', async () => {
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${scene.server.controlUrl}/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: await response.json() };
  };
  const rule = { action: 'Health', effect: { kind: 'status', status: 429 }, times: 1 };
  expect((await send('POST', 'faults', rule)).status).toBe(200);
  expect((await health()).status).toBe(429);
  expect((await send('POST', 'faults', { effect: { kind: 'magic' } })).status).toBe(400);
  await send('PUT', 'switches', { pollHeld: true });
  expect((await send('GET', 'faults')).json).toMatchObject({ switches: { pollHeld: true } });
  expect((await send('GET', 'version')).json).toEqual({ version: '6.3.2' });
  await send('DELETE', 'faults');
  await send('POST', 'expire-sessions');
  expect((await jobs()).status).toBe(401);
  session = await scene.session('submitter');
  await send('POST', 'restart', { downMs: 50 });
  expect((await health()).status).toBe(200);
  expect((await send('POST', 'nothing')).status).toBe(404);
});
