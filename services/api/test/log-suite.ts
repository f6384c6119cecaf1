import { afterAll, beforeAll } from '@jest/globals';
import type { Job, Principal, Role, Service } from '@wakefield/domain';
import { SAMPLE_NOW } from '@wakefield/testkit';
import type { ApiDeps } from '../src/deps.ts';
import { type ApiSuite, apiSuite } from './api-suite.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { openPaperLogs, type PaperLogs } from './paper-logs.ts';

/** The key says who it is: `role@project`. */
function principalOf(authorization: string | undefined): Principal | null {
  const key = authorization?.replace('Bearer ', '') ?? '';
  const [role = '', project = ''] = key.split('@');
  return key === '' ? null : { kind: 'user', id: key, grants: [{ project, role: role as Role }] };
}

const VIEWER = 'viewer@mine';

/** How a job is that came to its end. */
export const ended = { phase: 'ended', outcome: 'failed', endedAt: SAMPLE_NOW } as const;

export interface StartedService {
  readonly service: Service;
  readonly job: Job;
  /** Of its log. */
  readonly path: string;
}

/** An api and a reader of logs, for the projects `mine` and `theirs`. */
export interface LogSuite {
  readonly api: ApiSuite;
  readonly logs: PaperLogs;
  /** The api's process is asked to end. */
  endProcess(): void;
  /** A service with a job that runs, unless the patch says otherwise. */
  start(patch?: Partial<Job>, project?: string): Promise<StartedService>;
  addJob(service: Service, seq: number, patch?: Partial<Job>): Promise<Job>;
  /** The job fails, and the service with it. */
  end(service: Service, job: Job): Promise<void>;
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
    key?: string,
  ): ReturnType<ApiSuite['call']>;
  follow(path: string, headers?: Readonly<Record<string, string>>): Promise<EventReader>;
}

export function logSuite(over: Pick<Partial<ApiDeps>, 'followMs'> = {}): LogSuite {
  const ending = new AbortController();
  let logs: PaperLogs | undefined;
  let ids = 100;
  // Before the stores that it reads.
  afterAll(async () => await logs?.close());
  const api = apiSuite({
    identifier: { identify: principalOf },
    scheduler: false,
    over: { ending: ending.signal, ...over },
  });
  beforeAll(async () => {
    for (const project of ['mine', 'theirs']) await api.store.project(project);
    logs = await openPaperLogs(api.store.stores, api.redis);
  });
  const addJob: LogSuite['addJob'] = (service, seq, patch = {}) => {
    ids += 1;
    const running = { phase: 'ready', startedAt: SAMPLE_NOW, readyAt: SAMPLE_NOW } as const;
    return api.store.serviceJob(service, seq, { ...running, clusterJobId: `${ids}`, ...patch });
  };
  return {
    api,
    get logs() {
      if (logs === undefined) throw new Error('the suite has not begun');
      return logs;
    },
    endProcess: () => ending.abort(),
    addJob,
    async start(patch = {}, project = 'mine') {
      const service = await api.store.service({ project });
      const job = await addJob(service, 1, patch);
      await api.store.verdict(service, { state: 'running' });
      return { service, job, path: `/api/v1/services/${service.id}/logs` };
    },
    async end(service, job) {
      await api.store.stores.jobs.patch(job.id, ['ready'], ended);
      await api.store.verdict(service, { state: 'failed', reason: 'exit code 1' });
    },
    get: (path, headers = {}, key = VIEWER) => api.call('GET', path, { key, headers }),
    follow: (path, headers = {}) => readEvents(`${api.url}${path}`, VIEWER, headers),
  };
}
