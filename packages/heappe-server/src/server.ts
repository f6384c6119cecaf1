import { mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createClock } from './clock.ts';
import { controlOf, type HeappeControl } from './faults/control.ts';
import { type ControlServer, startControlServer } from './faults/control-server.ts';
import { createFaults } from './faults/faults.ts';
import { type SftpAccount, startSftpServer } from './files/sftp-server.ts';
import { createListener } from './http/listener.ts';
import type { Instance } from './instance.ts';
import { scheduledIds } from './jobs/job-life.ts';
import { pollOnce } from './jobs/poller.ts';
import { completeSettings, type HeappeServerOptions } from './options.ts';
import { createSessions } from './people/sessions.ts';
import { routesOf } from './routes.ts';
import { createScheduler } from './scheduler/create-scheduler.ts';
import { createTunnels } from './tunnels/tunnels.ts';
import { traitsOf } from './versions.ts';
import { openDatabase } from './world/database.ts';
import { worldFrom } from './world/seed.ts';

export interface HeappeServer {
  /** `http://host:port`; HEAppE's routes are below `/heappe/`. */
  readonly url: string;
  readonly controlUrl: string;
  readonly version: string;
  readonly dataDirectory: string;
  readonly control: HeappeControl;
  /** Nothing listens any more; jobs are ended unless told otherwise. A data directory that was made for it goes. */
  stop(options?: { readonly endJobs?: boolean }): Promise<void>;
}

/**
 * Starts a HEAppE for tests: real HTTP, real jobs.
 * @throws the listen error, or an Error about the data directory
 */
export async function startHeappeServer(options: HeappeServerOptions = {}): Promise<HeappeServer> {
  const { settings, temporary } = completeSettings(options);
  mkdirSync(settings.dataDirectory, { recursive: true });
  const scratch = join(settings.dataDirectory, 'scratch');
  const projectStorage = join(settings.dataDirectory, 'project');
  mkdirSync(scratch, { recursive: true });
  mkdirSync(projectStorage, { recursive: true });
  const clock = createClock();
  const traits = traitsOf(settings.version);
  const place = { scratch, projectStorage, transferHost: settings.host, transferPort: 0 };
  const database = openDatabase(join(settings.dataDirectory, 'database'), () =>
    worldFrom(settings.seed, place, clock.now()),
  );
  const instance: Instance = {
    settings,
    traits,
    database,
    clock,
    faults: createFaults(),
    sessions: createSessions(database, clock.now, settings.sessionSeconds),
    tunnels: createTunnels(),
    scheduler: createScheduler(settings.scheduler, settings.dataDirectory),
    cache: new Map(),
    introspected: new Map(),
  };
  const sftp = await startSftpServer({
    host: settings.host,
    port: settings.sftpPort,
    hostKeyFile: join(settings.dataDirectory, 'login/host-key'),
    account: (username) => sftpAccount(instance, username),
  });
  for (const { fileTransferMethods } of database.world.clusters) {
    for (const method of fileTransferMethods) method.port = sftp.port;
  }
  database.save();
  let listener = createListener(instance, routesOf(traits));
  const port = await listen(listener, settings.host, settings.port);
  const poller = startPolling(instance);
  const control = controlOf(instance, async ({ downMs = 0 }) => {
    await closeNow(listener);
    instance.tunnels.forgetAll();
    instance.cache.clear();
    instance.introspected.clear();
    if (downMs > 0) await new Promise((resolve) => setTimeout(resolve, downMs));
    listener = createListener(instance, routesOf(traits));
    await listen(listener, settings.host, port);
  });
  const controlServer: ControlServer = await startControlServer(instance, control);
  return {
    url: `http://${settings.host}:${port}`,
    controlUrl: controlServer.url,
    version: traits.version,
    dataDirectory: settings.dataDirectory,
    control,
    async stop({ endJobs = true } = {}) {
      await poller.stop();
      await closeNow(listener);
      await controlServer.close();
      await sftp.close();
      if (endJobs && settings.scheduler.kind === 'slurm') await cancelAll(instance);
      await instance.scheduler.close({ endJobs });
      if (temporary && endJobs) rmSync(settings.dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A cluster account with the keys that are good now, at home in what its jobs have written. */
function sftpAccount({ database, settings }: Instance, username: string): SftpAccount | null {
  const jobs = database.world.jobs.filter(({ account }) => account === username);
  const publicKeys = jobs.flatMap(({ transferKeys }) => transferKeys);
  return jobs.length === 0
    ? null
    : { username, publicKeys, root: join(settings.dataDirectory, 'scratch') };
}

/** The background loops: one round after the other, never two at once. */
function startPolling(instance: Instance): { stop(): Promise<void> } {
  const { pollMs } = instance.settings;
  let running = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const schedule = () => {
    if (stopped || pollMs === null) return;
    timer = setTimeout(() => {
      const round = instance.faults.switches.pollHeld ? Promise.resolve() : pollOnce(instance);
      running = round.catch(() => {}).then(schedule);
    }, pollMs);
    timer.unref();
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}

async function cancelAll({ scheduler, database }: Instance): Promise<void> {
  for (const job of database.world.jobs) {
    if (job.endTime !== null) continue;
    for (const id of scheduledIds(job)) await scheduler.cancel(id);
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
