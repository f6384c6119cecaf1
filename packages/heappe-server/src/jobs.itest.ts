import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openScene, type Scene, upload } from '../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8');

describe('a job from its creation to its deletion', () => {
  test('runs for real, and its files can be had', async () => {
    const { id, taskId, session } = await scene.run({
      lines: ['echo "out $1"', 'echo err >&2', 'pwd > where', 'echo log > stdlog'],
    });
    const job = await scene.jobUntil(id, ({ State }) => State === 16);
    expect(job).toMatchObject({
      Id: id,
      Name: 'a-job',
      State: 16,
      SubProject: null,
      Tasks: [
        {
          Id: taskId,
          State: 16,
          Priority: 4,
          AllocatedCoreIds: ['cn01'],
          NodeType: { Id: 11, Project: { AccountingString: 'demo' } },
          ErrorMessage: null,
          Reason: 'None',
        },
      ],
    });
    expect(job.StartTime).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+$/);

    const list = await scene.call(
      'GET',
      `FileTransfer/ListChangedFilesForJob?sessionCode=${session}&submittedJobInfoId=${id}`,
    );
    const names: string[] = list.json.map(({ FileName }: { FileName: string }) => FileName);
    const out = names.find((name) => name.endsWith('/stdout'));
    expect(names.map((name) => name.split('/').at(-1)).sort()).toEqual([
      'job.sh',
      'stderr',
      'stdlog',
      'stdout',
      'where',
    ]);
    const download = await scene.call('POST', 'FileTransfer/DownloadFileFromCluster', {
      SubmittedJobInfoId: id,
      RelativeFilePath: out,
      SessionCode: session,
    });
    expect(decode(download.json)).toBe('out eyJtIjoibGxhbWEifQ\n');

    const parts = await scene.call('POST', 'FileTransfer/DownloadPartsOfJobFilesFromCluster', {
      SubmittedJobInfoId: id,
      TaskFileOffsets: [0, 1, 2, 3].map((FileType) => ({
        SubmittedTaskInfoId: taskId,
        FileType,
        Offset: FileType === 3 ? 4 : 0,
      })),
      SessionCode: session,
    });
    expect(parts.json).toMatchObject([
      { Content: 'log\n', RelativePath: 'stdlog', FileType: 0 },
      { Content: 'err\n', FileType: 2 },
      { Content: 'eyJtIjoibGxhbWEifQ\n', FileType: 3, Offset: 4, SubmittedTaskInfoId: taskId },
    ]);

    const deleted = await scene.call('DELETE', 'JobManagement/DeleteJob', {
      SubmittedJobInfoId: id,
      ArchiveLogs: true,
      SessionCode: session,
    });
    expect(deleted).toMatchObject({ status: 200, json: 'Job was deleted' });
    expect((await scene.job(id)).State).toBe(256);
    const again = await scene.call('DELETE', 'JobManagement/DeleteJob', {
      SubmittedJobInfoId: id,
      SessionCode: session,
    });
    expect(again.status).toBe(400);
    expect(again.json.detail).toBe(`Cannot delete job '${id}', this job is in state 'Deleted'.`);
  });

  test('a failing one is Failed', async () => {
    const { id } = await scene.run({ lines: ['exit 3'] });
    const job = await scene.jobUntil(id, ({ State }) => State >= 16);
    expect(job.State).toBe(32);
  });

  test('its walltime is enforced on everything that it started', async () => {
    const lines = [
      'set -m',
      'sleep 300 & echo $! > pid',
      'trap "" TERM',
      'sleep 300 & wait',
      'wait',
    ];
    const { id, session } = await scene.run({ lines, walltime: 1 });
    const job = await scene.jobUntil(id, ({ State }) => State >= 16);
    expect(job.State).toBe(32);
    const list = await scene.call(
      'GET',
      `FileTransfer/ListChangedFilesForJob?sessionCode=${session}&submittedJobInfoId=${id}`,
    );
    const pid = list.json.find(({ FileName }: { FileName: string }) => FileName.endsWith('/pid'));
    const file = await scene.call('POST', 'FileTransfer/DownloadFileFromCluster', {
      SubmittedJobInfoId: id,
      RelativeFilePath: pid.FileName,
      SessionCode: session,
    });
    expect(() => process.kill(Number(decode(file.json)), 0)).toThrow(/ESRCH/);
  });

  test('cancelled while it runs it ends as Failed, with TERM before', async () => {
    const lines = [
      'trap "echo bye > said; exit 0" TERM',
      'touch up',
      'while :; do sleep 0.05; done',
    ];
    const { id, session } = await scene.run({ lines });
    await scene.jobUntil(id, ({ State }) => State === 8);
    const cancelled = await scene.call('PUT', 'JobManagement/CancelJob', {
      SubmittedJobInfoId: id,
      SessionCode: session,
    });
    expect(cancelled.status).toBe(200);
    const job = await scene.jobUntil(id, ({ State }) => State >= 16);
    expect(job.State).toBe(32);
    const again = await scene.call('PUT', 'JobManagement/CancelJob', {
      SubmittedJobInfoId: id,
      SessionCode: session,
    });
    expect(again).toMatchObject({ status: 400, json: { title: 'Invalid Request' } });
  });

  test('waits for room, and says why', async () => {
    const big = await scene.run({ lines: ['sleep 300'], cores: 16 });
    await scene.jobUntil(big.id, ({ State }) => State === 8);
    const small = await scene.run({ lines: ['true'] });
    expect(await scene.job(small.id)).toMatchObject({
      State: 4,
      Tasks: [{ Reason: 'Resources', AllocatedCoreIds: [] }],
    });
    await scene.call('PUT', 'JobManagement/CancelJob', {
      SubmittedJobInfoId: big.id,
      SessionCode: big.session,
    });
    await scene.jobUntil(small.id, ({ State }) => State === 16);
  });
});

test('the list keeps everything and is filtered by state', async () => {
  const { id, session } = await scene.run({ lines: ['true'] });
  await scene.jobUntil(id, ({ State }) => State === 16);
  const all = await scene.call(
    'GET',
    `JobManagement/ListJobsForCurrentUser?sessionCode=${session}`,
  );
  expect(all.json.map(({ Id }: { Id: number }) => Id)).toContain(id);
  const some = await scene.call(
    'GET',
    `JobManagement/ListJobsForCurrentUser?sessionCode=${session}&jobStates=4,8`,
  );
  expect(some.json).toEqual([]);
  const wrong = await scene.call(
    'GET',
    `JobManagement/ListJobsForCurrentUser?sessionCode=${session}&jobStates=queued`,
  );
  expect(wrong).toMatchObject({ status: 500, json: { title: 'Problem' } });
});

test('files can be uploaded to a job that is created, and only by its owner', async () => {
  const session = await scene.session('submitter');
  const created = await scene.call('POST', 'JobManagement/CreateJob', {
    JobSpecification: scene.specification(await scene.template()),
    SessionCode: session,
  });
  expect(created.json).toMatchObject({ State: 1, SubmitTime: null });
  expect(created.json.CreationTime).toMatch(/Z$/);
  const { Id: id, Tasks } = created.json;
  const ours = await upload(scene.server.url, session, id, Tasks[0].Id, { key: 'secret' });
  expect(ours.json).toMatchObject([{ FileName: 'key', Succeeded: true }]);
  const other = await scene.session('manager');
  expect((await upload(scene.server.url, other, id, null, { key: 'x' })).status).toBe(500);
  const listing = await scene.call(
    'GET',
    `FileTransfer/ListChangedFilesForJob?sessionCode=${session}&submittedJobInfoId=${id}`,
  );
  expect(listing.status).toBe(204);
});
