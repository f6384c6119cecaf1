import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type PrivateSlurm, startSlurm } from '@wakefield/local-stack';
import { startEngine } from '../../test/engine.ts';
import { openScene, type Scene } from '../../test/heappe.ts';

jest.setTimeout(120_000);

let directory: string;
let slurm: PrivateSlurm;
let scene: Scene;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wf-heappe-slurm-'));
  slurm = await startSlurm({ directory: join(directory, 'slurm') });
  scene = await openScene({
    scheduler: { kind: 'slurm', environment: slurm.environment },
    pollMs: 200,
  });
});
afterAll(async () => {
  await scene?.stop();
  await slurm?.stop();
  await rm(directory, { recursive: true, force: true });
});

const shown = async (name: string) =>
  slurm.client('squeue', ['-h', '-t', 'all', '-o', '%i %j %P %l %T', '--name', name]);

test('a job is an sbatch: its name is the task specification’s id, its GPUs the cores', async () => {
  const { id, session } = await scene.run({
    lines: ['echo "$CUDA_VISIBLE_DEVICES $SLURM_JOB_NAME" > gpus', 'sleep 1'],
    cores: 2,
    walltime: 120,
  });
  const running = await scene.jobUntil(id, ({ State }) => State === 8);
  expect(running.Tasks[0].AllocatedCoreIds).toEqual(['cn01']);
  const files = await scene.call(
    'GET',
    `FileTransfer/ListChangedFilesForJob?sessionCode=${session}&submittedJobInfoId=${id}`,
  );
  const name = files.json[0].FileName.split('/')[1];
  expect(await shown(name)).toMatch(new RegExp(`^\\d+ ${name} gpu 2:00 `));
  const job = await scene.jobUntil(id, ({ State }) => State >= 16);
  expect(job.State).toBe(16);
  const gpus = await scene.call('POST', 'FileTransfer/DownloadFileFromCluster', {
    SubmittedJobInfoId: id,
    RelativeFilePath: `/${name}/gpus`,
    SessionCode: session,
  });
  expect(Buffer.from(gpus.json, 'base64').toString()).toBe(`0,1 ${name}\n`);
});

test('a cancelled one ends as Failed, because HEAppE spells it with one L', async () => {
  const { id, session } = await scene.run({ lines: ['sleep 300'] });
  await scene.jobUntil(id, ({ State }) => State === 8);
  await scene.call('PUT', 'JobManagement/CancelJob', {
    SubmittedJobInfoId: id,
    SessionCode: session,
  });
  expect((await scene.jobUntil(id, ({ State }) => State >= 16)).State).toBe(32);
});

test('what waits tells why', async () => {
  const big = await scene.run({ lines: ['sleep 300'], cores: 4, name: 'one' });
  const held = await scene.run({ lines: ['true'], cores: 99, name: 'two' }).catch(String);
  // 25 nodes are more than there are: sbatch says no, and the job stays Configuring.
  expect(held).toMatch(/Slurm Problem/);
  await scene.call('PUT', 'JobManagement/CancelJob', {
    SubmittedJobInfoId: big.id,
    SessionCode: big.session,
  });
});

test('a dry run is sbatch --test-only', async () => {
  const SessionCode = await scene.session('submitter');
  const said = await scene.call('POST', 'JobManagement/DryRunJob', {
    ProjectId: 1,
    ClusterNodeTypeId: 11,
    Nodes: 1,
    TasksPerNode: 1,
    WallTimeInMinutes: 5,
    SessionCode,
  });
  expect(said.json).toMatchObject({
    Partition: 'gpu',
    Message: expect.stringMatching(/to start at/),
  });
});

test('a quote in the template breaks the line for the shell', async () => {
  const odd = await scene.template({ Name: 'odd', PreparationScript: "echo 'x y'" });
  const SessionCode = await scene.session('submitter');
  const created = await scene.call('POST', 'JobManagement/CreateJob', {
    JobSpecification: scene.specification(odd),
    SessionCode,
  });
  const submitted = await scene.call('PUT', 'JobManagement/SubmitJob', {
    CreatedJobInfoId: created.json.Id,
    SessionCode,
  });
  expect(submitted).toMatchObject({ status: 502, json: { title: 'Slurm Problem' } });
});

test('requests reach an engine on its node by the node’s name', async () => {
  const engine = await startEngine(scene);
  expect(engine.address).toMatch(/^cn0\d$/);
  const addresses = await scene.call(
    'GET',
    `JobManagement/AllocatedNodesIPs?sessionCode=${engine.session}&submittedTaskInfoId=${engine.taskId}`,
  );
  expect(addresses.json).toEqual(['127.0.0.1']);
  await engine.open();
  expect((await engine.get('/echo')).status).toBe(200);
  expect(await (await engine.stream('/events', '{}')).text()).toMatch(/\[DONE\]/);
});
