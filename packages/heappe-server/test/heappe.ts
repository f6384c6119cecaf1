import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type HeappeServer, type HeappeServerOptions, startHeappeServer } from '../src/index.ts';

/** An answer as it came: nothing is thrown for a bad status. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: wire data that each test looks at as it wishes
  readonly json: any;
}

export interface JobWish {
  readonly lines: readonly string[];
  readonly name?: string;
  readonly walltime?: number;
  readonly cores?: number;
  readonly waitingLimit?: number;
}

/** A server, and calls in the words of HEAppE's wire. */
export interface Scene {
  readonly server: HeappeServer;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** The session code of one of the seed's people. */
  session(username?: string): Promise<string>;
  /** A template that runs `/bin/bash job.sh <word>` on the first node type. @returns its id */
  template(change?: object): Promise<number>;
  specification(templateId: number, wish?: Partial<JobWish>): object;
  /** Creates, uploads `job.sh` of these lines and submits. */
  run(wish: JobWish): Promise<RunningJob>;
  // biome-ignore lint/suspicious/noExplicitAny: wire data
  job(id: number, session?: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: wire data
  jobUntil(id: number, wish: (job: any) => boolean): Promise<any>;
  stop(): Promise<void>;
}

export interface RunningJob {
  readonly id: number;
  readonly taskId: number;
  readonly session: string;
}

export async function openScene(options: HeappeServerOptions = {}): Promise<Scene> {
  const server = await startHeappeServer({ pollMs: 50, ...options });
  let made: number | null = null;
  const call: Scene['call'] = async (method, path, body, headers = {}) => {
    const send = () =>
      fetch(`${server.url}/heappe/${path}`, {
        method,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    // A connection that was kept may have been closed by a restart.
    const response = await send().catch((error: unknown) => {
      if (method === 'GET') return send();
      throw error;
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      type,
      text,
      json: /json/.test(type) ? JSON.parse(text) : null,
    };
  };
  const session = async (username = 'manager') => {
    const answer = await call('POST', 'UserAndLimitationManagement/AuthenticateUserPassword', {
      Credentials: { Username: username, Password: `${username}-password` },
    });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json as string;
  };
  const template: Scene['template'] = async (change = {}) => {
    const answer = await call('POST', 'Management/CommandTemplate', {
      Name: 'wakefield',
      Description: 'for tests',
      ExecutableFile: '/bin/bash job.sh',
      ClusterNodeTypeId: 11,
      ProjectId: 1,
      TemplateParameters: [{ Identifier: 'word', Query: '', Description: '' }],
      SessionCode: await session(),
      ...change,
    });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json.Id;
  };
  const job: Scene['job'] = async (id, code) => {
    const sessionCode = code ?? (await session('submitter'));
    const query = `sessionCode=${sessionCode}&submittedJobInfoId=${id}`;
    return (await call('GET', `JobManagement/CurrentInfoForJob?${query}`)).json;
  };
  return {
    server,
    call,
    session,
    template,
    specification: (templateId, wish = {}) => specificationOf(templateId, wish),
    job,
    async jobUntil(id, wish) {
      const deadline = Date.now() + 20_000;
      for (;;) {
        const seen = await job(id);
        if (wish(seen)) return seen;
        if (Date.now() > deadline) throw new Error(`in vain: ${JSON.stringify(seen)}`);
        await pause(30);
      }
    },
    async run(wish) {
      made ??= await template();
      const code = await session('submitter');
      const created = await call('POST', 'JobManagement/CreateJob', {
        JobSpecification: specificationOf(made, wish),
        SessionCode: code,
      });
      if (created.status !== 200) throw new Error(created.text);
      const { Id: id, Tasks } = created.json;
      const taskId = Tasks[0].Id;
      const text = ['#!/bin/bash', ...wish.lines, ''].join('\n');
      const uploaded = await upload(server.url, code, id, taskId, { 'job.sh': text });
      // Before 6.2 there is SFTP only, which has a test of its own.
      if (uploaded.status === 404) writeJobFile(server.dataDirectory, text);
      else if (uploaded.status !== 200) throw new Error(uploaded.text);
      const submitted = await call('PUT', 'JobManagement/SubmitJob', {
        CreatedJobInfoId: id,
        SessionCode: code,
      });
      if (submitted.status !== 200) throw new Error(submitted.text);
      return { id, taskId, session: code };
    },
    stop: () => server.stop(),
  };
}

/** Into the youngest task's directory. */
function writeJobFile(dataDirectory: string, text: string): void {
  const root = join(dataDirectory, 'scratch/wakefield-test/HEAppE/Executions/acc-demo');
  const youngest = (directory: string) =>
    join(directory, String(Math.max(...readdirSync(directory).map(Number))));
  writeFileSync(join(youngest(youngest(root)), 'job.sh'), text);
}

export async function upload(
  url: string,
  session: string,
  jobId: number,
  taskId: number | null,
  files: Readonly<Record<string, string>>,
): Promise<Answer> {
  const form = new FormData();
  for (const [name, text] of Object.entries(files)) form.append('files', new Blob([text]), name);
  const task = taskId === null ? '' : `&TaskId=${taskId}`;
  const response = await fetch(
    `${url}/heappe/FileTransfer/UploadFilesToJobExecutionDir?SessionCode=${session}&JobId=${jobId}${task}`,
    { method: 'POST', body: form },
  );
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text, json: /json/.test(type) ? JSON.parse(text) : null };
}

function specificationOf(templateId: number, wish: Partial<JobWish>): object {
  const { name = 'a-job', walltime = 60, cores = 1, waitingLimit = 0 } = wish;
  return {
    Name: name,
    ProjectId: 1,
    WaitingLimit: waitingLimit,
    ClusterId: 1,
    FileTransferMethodId: 21,
    IsExtraLong: false,
    EnvironmentVariables: [],
    Tasks: [
      {
        Name: name,
        MinCores: 1,
        MaxCores: cores,
        WalltimeLimit: walltime,
        Priority: 4,
        StandardOutputFile: 'stdout',
        StandardErrorFile: 'stderr',
        ProgressFile: 'stdprog',
        LogFile: 'stdlog',
        ClusterNodeTypeId: 11,
        CommandTemplateId: templateId,
        RequiredNodes: [],
        TaskParallelizationParameters: [],
        EnvironmentVariables: [],
        DependsOn: [],
        TemplateParameterValues: [
          { CommandParameterIdentifier: 'word', ParameterValue: 'eyJtIjoibGxhbWEifQ' },
        ],
      },
    ],
  };
}
