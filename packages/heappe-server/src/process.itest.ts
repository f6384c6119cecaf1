import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { upload } from '../test/heappe.ts';

jest.setTimeout(60_000);

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

let directory: string;
let current: Started;

async function start(...flags: string[]): Promise<Started> {
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(
    process.execPath,
    ['--conditions=source', main, '--data-directory', directory, ...flags],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { HEAPPE_SERVER_POLL_MS: '50', PATH: process.env.PATH },
    },
  );
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: JSON.parse(String(line)).url };
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ended = once(current.child, 'exit');
  current.child.kill(signal);
  await ended;
}

async function call(method: string, path: string, body?: object) {
  const response = await fetch(`${current.url}/heappe/${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-api-key': 'manager:manager-password' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: wire data
  return (await response.json()) as any;
}

async function until(id: number, state: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  let seen = 0;
  while (Date.now() < deadline) {
    seen = (await call('GET', `JobManagement/CurrentInfoForJob?submittedJobInfoId=${id}`)).State;
    if (seen === state) return;
  }
  throw new Error(`state ${seen} instead of ${state}`);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wf-heappe-process-'));
  current = await start('--version', '6.3');
});
afterAll(async () => {
  await end('SIGTERM');
  await rm(directory, { recursive: true, force: true });
});

test('a job goes on when the server is killed, and its end is found afterwards', async () => {
  const template = await call('POST', 'Management/CommandTemplate', {
    Name: 'plain',
    ExecutableFile: '/bin/bash job.sh',
    ClusterNodeTypeId: 11,
    ProjectId: 1,
    TemplateParameters: [],
  });
  const created = await call('POST', 'JobManagement/CreateJob', {
    JobSpecification: {
      Name: 'survivor',
      ProjectId: 1,
      ClusterId: 1,
      FileTransferMethodId: 21,
      Tasks: [
        {
          Name: 'survivor',
          MaxCores: 1,
          WalltimeLimit: 60,
          LogFile: 'l',
          ProgressFile: 'p',
          ClusterNodeTypeId: 11,
          CommandTemplateId: template.Id,
          TemplateParameterValues: [],
        },
      ],
    },
  });
  const session = await call('POST', 'UserAndLimitationManagement/AuthenticateUserPassword', {
    Credentials: { Username: 'manager', Password: 'manager-password' },
  });
  await upload(current.url, session, created.Id, created.Tasks[0].Id, {
    'job.sh': 'until [ -e go ]; do sleep 0.05; done\n',
  });
  await call('PUT', 'JobManagement/SubmitJob', { CreatedJobInfoId: created.Id });
  await until(created.Id, 8);

  await end('SIGKILL');
  current = await start('--version', '6.2.2', '--end-jobs');
  await until(created.Id, 8);
  const again = await call('POST', 'UserAndLimitationManagement/AuthenticateUserPassword', {
    Credentials: { Username: 'manager', Password: 'manager-password' },
  });
  expect(again).toBe(session);
  await upload(current.url, again, created.Id, created.Tasks[0].Id, { go: '' });
  await until(created.Id, 16);
});
