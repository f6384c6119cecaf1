import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClusterTransports, createDriver } from '@wakefield/cluster';
import type { ClusterDriver, JobSubmission, Transport } from '@wakefield/control';
import type { Address, JobName } from '@wakefield/domain';
import { freePorts } from '@wakefield/local-stack';
import { eventually } from './eventually.ts';
import { startTestHeappe, type TestHeappe } from './heappe.ts';

/** Of all engines here. */
export const heappeEngineKey = 'e'.repeat(43);
export const heappeServedNames = ['acme/small', 'job-identity'];
const simulator = resolve(import.meta.dirname, '../../simulator/src/main.ts');
const newest = '6.3.2';

/** An engine in a real job. */
interface TestEngine {
  /** As the driver sighted it. */
  readonly address: Address;
  /** Ends it at once, as a node that fails. */
  kill(): Promise<void>;
}

/** Simulated engines in real jobs of a HEAppE, as a process that is not its driver reaches them. */
export interface TestHeappeEngines {
  readonly heappe: TestHeappe;
  readonly transport: Transport;
  /** As yet another process reaches them; whoever opens it closes it. */
  openTransport(): Transport;
  readonly engines: readonly TestEngine[];
  /** HEAppE goes and comes back as another release; the jobs run on. */
  become(version: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param flags of the simulator (packages/simulator/src/options.ts) */
export async function startTestHeappeEngines(
  count: number,
  flags: readonly string[] = [],
): Promise<TestHeappeEngines> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'wf-bridge-'));
  const open = (version: string) => startTestHeappe({ version, dataDirectory, pollMs: 50 });
  let heappe = await open(newest);
  let transport = transportOf(heappe);
  const driver = createDriver(heappe.config(), { installation: 'bridge' });
  await driver.activate('demo', AbortSignal.timeout(30_000));
  const names = Array.from({ length: count }, (_, index) => `wf-bridge-engine-${index + 1}`);
  const engines = await Promise.all(
    names.map((name) => startEngine(driver, transport, join(dataDirectory, name), name, flags)),
  );
  return {
    get heappe() {
      return heappe;
    },
    get transport() {
      return transport;
    },
    openTransport: () => transportOf(heappe),
    engines,
    async become(version) {
      await transport.close();
      await heappe.stop({ endJobs: false });
      heappe = await open(version);
      transport = transportOf(heappe);
    },
    async stop() {
      await transport.close();
      await driver.close();
      await heappe.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

async function startEngine(
  driver: ClusterDriver,
  transport: Transport,
  pidFile: string,
  name: JobName,
  flags: readonly string[],
): Promise<TestEngine> {
  const signal = AbortSignal.timeout(60_000);
  await driver.submit(await engineJob(name, pidFile, flags), signal);
  const address = await sighted(driver, name, signal);
  await eventually('the engine to serve', () => isServing(transport, address));
  const kill = async () => void process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
  return { address, kill };
}

/** As another process has it: with what clusters.yaml says and no more. */
function transportOf(heappe: TestHeappe): Transport {
  const config = heappe.config({ version: heappe.server.version });
  const transport = createClusterTransports([config]).get(config.name);
  if (transport === undefined) throw new Error('no transport');
  return transport;
}

async function engineJob(
  name: JobName,
  pidFile: string,
  flags: readonly string[],
): Promise<JobSubmission> {
  // Where a cluster lets jobs answer that says nothing of it.
  const port = await freePorts(1, { from: 20_000, to: 29_999 });
  const models = heappeServedNames.flatMap((model) => ['--model', model]);
  const words = [simulator, '--port', String(port), '--key-file', 'key', '--load-seconds', '0'];
  const command = [process.execPath, '--conditions=source', ...words, ...models, ...flags];
  const endpoint = JSON.stringify({ host: 'here', port, pid: 1, at: 1 });
  const script = [
    '#!/bin/bash',
    `echo $$ >'${pidFile}'`,
    `echo '${endpoint}' >endpoint.json`,
    `exec ${command.map((word) => `'${word}'`).join(' ')}`,
    '',
  ];
  return {
    name,
    project: 'demo',
    engine: 'simulator',
    script: script.join('\n'),
    secretFiles: { key: heappeEngineKey },
    walltimeSeconds: 600,
    gpuCount: 1,
    nodes: 1,
    cpus: null,
    memory: null,
  };
}

async function sighted(driver: ClusterDriver, name: JobName, signal: AbortSignal) {
  return await eventually('an address', async () => {
    const { sightings } = await driver.observe([{ name, clusterJobId: null }], signal);
    return sightings.get(name)?.address ?? null;
  });
}

async function isServing(transport: Transport, address: Address): Promise<true | null> {
  const socket = await transport.connect(address, AbortSignal.timeout(5000)).catch(() => null);
  if (socket === null) return null;
  const status = await new Promise<number | undefined>((resolve) => {
    get({ path: '/health', createConnection: () => socket }, ({ statusCode }) =>
      resolve(statusCode),
    ).on('error', () => resolve(undefined));
  });
  socket.destroy();
  return status === 200 ? true : null;
}
