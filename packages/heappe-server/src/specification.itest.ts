import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openScene, type Scene } from '../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
let templateId: number;
let session: string;
beforeAll(async () => {
  scene = await openScene({ pollMs: null });
  templateId = await scene.template();
  session = await scene.session('submitter');
});
afterAll(() => scene.stop());

type Change = Readonly<Record<string, unknown>>;

async function create(job: Change, task: Change, code = session) {
  const valid = scene.specification(templateId) as { Tasks: readonly object[] };
  const JobSpecification = { ...valid, Tasks: [{ ...valid.Tasks[0], ...task }], ...job };
  return scene.call('POST', 'JobManagement/CreateJob', { JobSpecification, SessionCode: code });
}

const value = (text: unknown, name = 'word') => ({
  TemplateParameterValues: [{ CommandParameterIdentifier: name, ParameterValue: text }],
});

const notValid = /^Submitted job specification is not valid: /;

test.each<[string, Change, Change, number, RegExp]>([
  ['no name', { Name: '' }, {}, 404, /Name cannot be empty/],
  ['a colon in the name', { Name: 'a:b' }, {}, 404, /illegal characters/],
  ['a name of 51 letters', { Name: 'x'.repeat(51) }, {}, 400, /validation errors/],
  ['no task', { Tasks: [] }, {}, 404, /at least one task/],
  ['no project', { ProjectId: 0 }, {}, 404, /ProjectId must be greater than 0/],
  ['a project that is none', { ProjectId: 9 }, {}, 404, /not defined in the HEAppE/],
  ['a negative waiting limit', { WaitingLimit: -1 }, {}, 404, /WaitingLimit/],
  ['no transfer method', { FileTransferMethodId: null }, {}, 500, /Contact the administrators/],
  ['another transfer method', { FileTransferMethodId: 22 }, {}, 404, notValid],
  ['another cluster', { ClusterId: 2 }, {}, 404, notValid],
  ['a mail address that is none', { NotificationEmail: 'me' }, {}, 404, /email/],
  ['no node type', {}, { ClusterNodeTypeId: null }, 500, /Contact/],
  ['no cores', {}, { MaxCores: null }, 500, /Contact/],
  ['0 cores', {}, { MaxCores: 0, MinCores: null }, 404, /Maximal number of cores/],
  ['more at least than at most', {}, { MinCores: 2 }, 404, /cannot be greater/],
  ['no walltime', {}, { WalltimeLimit: 0 }, 404, /Walltime limit/],
  ['too much walltime', {}, { WalltimeLimit: 86_401 }, 404, /maximal WallTimeLimit is 86400/],
  ['no log file', {}, { LogFile: '' }, 404, /Log file .* is not set/],
  ['no progress file', {}, { ProgressFile: null }, 404, /Progress file .* is not set/],
  ['a slash in an output file', {}, { StandardOutputFile: 'a/b' }, 404, /illegal characters/],
  [
    'another node type than the template’s',
    {},
    { ClusterNodeTypeId: 12 },
    404,
    /wrong CommandTemplate/,
  ],
  ['a template that is none', {}, { CommandTemplateId: 9 }, 404, /Command Template does not exist/],
  ['a parameter without a value', {}, value('x', 'other'), 404, /"word" does not have a value/],
  ['a value that is null', {}, value(null), 404, /cannot be null/],
  ['a value of 1001 letters', {}, value('x'.repeat(1001)), 400, /validation errors/],
  ['an array that is none', {}, { JobArrays: '5-1' }, 404, /JobArrays/],
])('%s', async (_, job, task, status, words) => {
  const answer = await create(job, task);
  expect(answer.status).toBe(status);
  expect(answer.json.detail ?? answer.json.title).toMatch(words);
});

test('complaints come together', async () => {
  const answer = await create({ Name: '' }, { LogFile: '', WalltimeLimit: 0 });
  expect(answer.json.detail.trim().split('\n')).toHaveLength(3);
});

test('nobody but submitters of the project', async () => {
  expect((await create({}, {}, await scene.session('reporter'))).status).toBe(401);
  expect((await create({}, {}, await scene.session('manager'))).status).toBe(200);
});

test('of several tasks only one is understood: they run, and the submission fails', async () => {
  const { Tasks } = scene.specification(templateId) as { Tasks: readonly object[] };
  const created = await create({ Tasks: [...Tasks, ...Tasks] }, {});
  expect(created.json.Tasks).toHaveLength(2);
  const submit = await scene.call('PUT', 'JobManagement/SubmitJob', {
    CreatedJobInfoId: created.json.Id,
    SessionCode: session,
  });
  expect(submit).toMatchObject({
    status: 400,
    json: { detail: 'ErrorCombiningJobInfoFromCluster' },
  });
});

test('a template that is disabled later stops the submission', async () => {
  const own = await scene.template({ Name: 'soon-disabled' });
  const created = await create({}, { CommandTemplateId: own });
  await scene.call('PUT', 'Management/CommandTemplate', {
    Id: own,
    Name: 'soon-disabled',
    ExecutableFile: '/bin/bash',
    ClusterNodeTypeId: 11,
    IsEnabled: false,
    SessionCode: await scene.session(),
  });
  const id = created.json.Id;
  const submit = await scene.call('PUT', 'JobManagement/SubmitJob', {
    CreatedJobInfoId: id,
    SessionCode: session,
  });
  expect(submit).toMatchObject({ status: 400, json: { title: 'Invalid Request' } });
  const body = { SubmittedJobInfoId: id, SessionCode: session };
  // The answer says Canceled, and the record does not.
  expect((await scene.call('PUT', 'JobManagement/CancelJob', body)).json.State).toBe(64);
  expect((await scene.job(id, session)).State).toBe(1);
  expect((await scene.call('DELETE', 'JobManagement/DeleteJob', body)).status).toBe(200);
});

test('the jobs of others are not for looking at, except for an administrator', async () => {
  const created = await create({}, {});
  const look = async (who: string) => {
    const code = await scene.session(who);
    const query = `sessionCode=${code}&submittedJobInfoId=${created.json.Id}`;
    return scene.call('GET', `JobManagement/CurrentInfoForJob?${query}`);
  };
  expect((await look('submitter')).status).toBe(200);
  expect(await look('manager')).toMatchObject({
    status: 401,
    json: { title: 'Session Code Authentication Problem' },
  });
  expect((await look('admin')).status).toBe(200);
  const none = await scene.call(
    'GET',
    `JobManagement/CurrentInfoForJob?sessionCode=${session}&submittedJobInfoId=99999`,
  );
  expect(none).toMatchObject({
    status: 404,
    json: { detail: "Job '99999' does not exist in the HEAppE." },
  });
});

test('limits of small bodies: 94, 98 and 120 bytes', async () => {
  const bytes = (body: object, size: number) => {
    const text = JSON.stringify(body);
    return text + ' '.repeat(size - text.length);
  };
  const submit = { CreatedJobInfoId: 99_999, SessionCode: session };
  const other = { SubmittedJobInfoId: 99_999, SessionCode: session };
  const send = async (method: string, action: string, body: object, size: number) =>
    (await scene.call(method, `JobManagement/${action}`, bytes(body, size))).status;
  expect(await send('PUT', 'SubmitJob', submit, 94)).toBe(404);
  expect(await send('PUT', 'SubmitJob', submit, 95)).toBe(413);
  expect(await send('PUT', 'CancelJob', other, 98)).toBe(404);
  expect(await send('PUT', 'CancelJob', other, 99)).toBe(413);
  expect(await send('DELETE', 'DeleteJob', other, 120)).toBe(404);
  expect(await send('DELETE', 'DeleteJob', other, 121)).toBe(413);
});

test('a dry run tells a start', async () => {
  const body = {
    ProjectId: 1,
    ClusterNodeTypeId: 11,
    Nodes: 1,
    TasksPerNode: 1,
    WallTimeInMinutes: 10,
    SessionCode: session,
  };
  const said = await scene.call('POST', 'JobManagement/DryRunJob', body);
  expect(said.json).toMatchObject({ Partition: 'gpu', Processors: 1, Node: 'cn01' });
  // The cluster's own time, without a zone.
  expect(said.json.StartTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  const none = await scene.call('POST', 'JobManagement/DryRunJob', { ...body, Nodes: 0 });
  expect(none.status).toBe(404);
});
