import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterConfig, parseClusters } from '@wakefield/cluster';
import type { ClusterDriver } from '@wakefield/control';
import type { JobName } from '@wakefield/domain';
import {
  type HeappeServer,
  type HeappeServerOptions,
  startHeappeServer,
} from '@wakefield/heappe-server';

type HeappeClusterConfig = Extract<ClusterConfig, { kind: 'heappe' }>;

/** For `config`: no requests by way of HEAppE. Its jobs are of this machine, whatever their nodes are called. */
export const pastHeappe = {
  transport: { kind: 'direct' },
  nodeAddress: { fixed: '127.0.0.1' },
} as const;

/** A HEAppE for one test file, with the project `demo` on node type 11 and jobs that are processes of this machine. */
export interface TestHeappe {
  readonly server: HeappeServer;
  /** The entry of clusters.yaml for it, checked as a real one is; `change` replaces keys. */
  config(change?: Readonly<Record<string, unknown>>): HeappeClusterConfig;
  /** Writes a file beside clusters.yaml. */
  write(name: string, text: string): Promise<void>;
  /** A call in HEAppE's words, as its manager; any status but 200 is thrown. */
  call(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** The driver with a memory: where the jobs' files are that it submits. */
  watched(driver: ClusterDriver): {
    readonly driver: ClusterDriver;
    directory(name: JobName): string;
  };
  /** Its jobs end with it unless told otherwise. */
  stop(options?: { readonly endJobs?: boolean }): Promise<void>;
}

export async function startTestHeappe(options: HeappeServerOptions = {}): Promise<TestHeappe> {
  const root = await mkdtemp(join(tmpdir(), 'wf-heappe-test-'));
  const dataDirectory = join(root, 'server');
  const server = await startHeappeServer({ pollMs: 100, dataDirectory, ...options });
  const write = (name: string, text: string) => writeFile(join(root, name), text, { mode: 0o600 });
  await write('password', 'manager-password\n');
  await write('key', 'manager-password\n');

  const sftpHostKey = await readFile(join(server.dataDirectory, 'login/host-key.pub'), 'utf8');

  const call: TestHeappe['call'] = async (method, path, body) => {
    const session = await send('POST', 'UserAndLimitationManagement/AuthenticateUserPassword', {
      Credentials: { Username: 'manager', Password: 'manager-password' },
    });
    if (body !== undefined) return await send(method, path, { ...body, SessionCode: session });
    const separator = path.includes('?') ? '&' : '?';
    return await send(method, `${path}${separator}SessionCode=${String(session)}`);
  };
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${server.url}/heappe/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  };

  return {
    server,
    write,
    call,
    config(change = {}) {
      const entry = {
        kind: 'heappe',
        url: server.url,
        credential: { kind: 'password', user: 'manager', passwordFile: 'password' },
        defaults: { nodeType: 11 },
        sftpHostKey: sftpHostKey.trim(),
        bindHost: '127.0.0.1',
        cadence: { busy: '200ms', quiet: '500ms' },
        ...change,
      };
      const text = JSON.stringify({ clusters: { 'heappe-test': entry } });
      const [cluster] = parseClusters(text, join(root, 'clusters.yaml')).clusters;
      if (cluster?.kind !== 'heappe') throw new Error('not a heappe cluster');
      return cluster;
    },
    watched(driver) {
      const directories = new Map<JobName, string>();
      const submit: ClusterDriver['submit'] = async (job, signal) => {
        const result = await driver.submit(job, signal);
        directories.set(
          job.name,
          await directoryOf(server.dataDirectory, call, result.clusterJobId),
        );
        return result;
      };
      return {
        driver: { ...driver, submit },
        directory: (name) => directories.get(name) ?? join(server.dataDirectory, 'nowhere'),
      };
    },
    async stop(how) {
      await server.stop(how);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** `<scratch>/<instance>/HEAppE/Executions/<account>/<job>/<task>`: the last number is in the names of the job's files. */
async function directoryOf(
  dataDirectory: string,
  call: TestHeappe['call'],
  jobId: string,
): Promise<string> {
  const path = `FileTransfer/ListChangedFilesForJob?SubmittedJobInfoId=${jobId}`;
  const files = (await call('GET', path)) as readonly { readonly FileName: string }[];
  const task = files[0]?.FileName.split('/')[1] ?? '';
  const found = readdirSync(join(dataDirectory, 'scratch'), {
    recursive: true,
    encoding: 'utf8',
  }).find((name) => new RegExp(`/Executions/[^/]+/[^/]+/${task}$`).test(name));
  if (found === undefined) throw new Error(`job ${jobId} has no directory`);
  return join(dataDirectory, 'scratch', found);
}
