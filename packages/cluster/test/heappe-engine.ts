import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ClusterDriver, JobSubmission, Transport } from '@wakefield/control';
import type { Address, JobName } from '@wakefield/domain';
import { startTestHeappe, type TestHeappe } from '@wakefield/testkit';
import { quote, smallJob, until } from '../src/conformance/scene.ts';
import { createDriver } from '../src/create-driver.ts';
import { exchange } from '../src/probe/exchange.ts';
import { createClusterTransports } from '../src/transport/create-transport.ts';

export const engineKey = 'e'.repeat(43);
export const servedNames = ['acme/small', 'job-identity'];
const simulator = resolve(import.meta.dirname, '../../simulator/src/main.ts');
const newest = '6.3.2';
/** Only by a bridge: what else reaches this machine would hide it. */
const byBridge = { transport: { kind: 'heappe' }, nodeAddress: 'heappe' };

/** A simulated engine in a real job of a HEAppE, as a process that is not its driver reaches it. */
export interface HeappeEngine {
  readonly heappe: TestHeappe;
  readonly transport: Transport;
  /** As the driver sighted it. */
  readonly address: Address;
  /** HEAppE goes and comes back as another release; the job runs on. */
  become(version: string): Promise<void>;
  /** Ends the job at once, as a node that fails. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** @param flags of the simulator (packages/simulator/src/options.ts) */
export async function startHeappeEngine(flags: readonly string[] = []): Promise<HeappeEngine> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'wf-bridge-'));
  const open = (version: string) => startTestHeappe({ version, dataDirectory, pollMs: 50 });
  let heappe = await open(newest);
  const config = heappe.config(byBridge);
  const driver = createDriver(config, { installation: 'bridge' });
  const signal = AbortSignal.timeout(60_000);
  await driver.activate('demo', signal);
  const name = 'wf-bridge-engine-1';
  const pidFile = join(dataDirectory, 'engine.pid');
  await driver.submit(await engineJob(name, pidFile, flags), signal);
  const address = await sighted(driver, name, signal);
  let transport = transportOf(heappe);
  await until('the engine to serve', () => isServing(transport, address));
  return {
    get heappe() {
      return heappe;
    },
    get transport() {
      return transport;
    },
    address,
    async become(version) {
      await transport.close();
      await heappe.server.stop({ endJobs: false });
      heappe = await open(version);
      transport = transportOf(heappe);
    },
    async kill() {
      process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
    },
    async stop() {
      await transport.close();
      await driver.close();
      await heappe.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** As another process has it: with what clusters.yaml says and no more. */
function transportOf(heappe: TestHeappe): Transport {
  const config = heappe.config({ ...byBridge, version: heappe.server.version });
  const transport = createClusterTransports([config]).get(config.name);
  if (transport === undefined) throw new Error('no transport');
  return transport;
}

async function engineJob(
  name: JobName,
  pidFile: string,
  flags: readonly string[],
): Promise<JobSubmission> {
  const port = await unusedPort();
  const models = servedNames.flatMap((model) => ['--model', model]);
  const words = [simulator, '--port', String(port), '--key-file', 'key', '--load-seconds', '0'];
  const command = [process.execPath, '--conditions=source', ...words, ...models, ...flags];
  const endpoint = JSON.stringify({ host: 'here', port, pid: 1, at: 1 });
  const script = [
    '#!/bin/bash',
    `echo $$ >${quote(pidFile)}`,
    `echo ${quote(endpoint)} >endpoint.json`,
    `exec ${command.map(quote).join(' ')}`,
    '',
  ];
  return smallJob({ name, script: script.join('\n'), secretFiles: { key: engineKey } });
}

async function sighted(driver: ClusterDriver, name: JobName, signal: AbortSignal) {
  return await until('the engine to be sighted', async () => {
    const { sightings } = await driver.observe([{ name, clusterJobId: null }], signal);
    return sightings.get(name)?.address ?? null;
  });
}

async function isServing(transport: Transport, address: Address): Promise<true | null> {
  const asked = { method: 'GET', path: '/health', key: null } as const;
  return await exchange(transport, address, asked, AbortSignal.timeout(5000)).then(
    ({ status }) => (status === 200 ? true : null),
    () => null,
  );
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
