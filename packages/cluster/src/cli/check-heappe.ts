import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ActivationBroken, type ClusterDriver, ClusterError } from '@wakefield/control';
import type { ActivationStep, ClusterJob, ProjectName } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import { createDriver } from '../create-driver.ts';
import { activateProject } from '../heappe/activation.ts';
import { createHeappeClient, type HeappeClient } from '../heappe/client.ts';
import type { Features } from '../heappe/features.ts';
import type { CheckOptions, Tried } from './check.ts';
import { lastWords } from './last-words.ts';
import { bad, doubtful, type Finding, good, messageOf } from './terminal.ts';

/** Health, version, sign-in; then for each project itself, its node type and its templates. Changes nothing. */
export async function* checkHeappe(
  config: HeappeConfig,
  options: CheckOptions,
): AsyncGenerator<Finding, Tried> {
  const projects = [...new Set([...options.projects, ...Object.keys(config.projects)])];
  const [project = null] = projects;
  const untried = { all: false, project, waits: false } as const;
  const client = createHeappeClient(config);
  try {
    const reached = yield* checkInstance(config, client);
    if (!reached) return untried;
    for (const name of projects) yield* checkProject(config, client, name);
  } finally {
    await client.close();
  }
  if (!options.submit || project === null) return untried;
  const driver = createDriver(config, { installation: options.installation });
  try {
    const ran = yield* checkSmallJob(driver, project, options.waitMs);
    return ran ? { all: true } : { ...untried, waits: true };
  } finally {
    await driver.close();
  }
}

const within = ({ timeouts }: HeappeConfig) =>
  AbortSignal.timeout(timeouts.connect + 2 * timeouts.command);

/** @returns whether it is worth going on */
async function* checkInstance(
  config: HeappeConfig,
  client: HeappeClient,
): AsyncGenerator<Finding, boolean> {
  if (isInClear(config.url))
    yield doubtful(
      'url',
      'credentials, keys and prompts go there in clear',
      'https, if it is not on this machine',
    );
  try {
    yield await health(config, client);
  } catch (error) {
    yield bad(
      'health',
      messageOf(error),
      'url, and what is between here and there; caFile for authorities of your own',
    );
    return false;
  }
  try {
    await client.signIn();
  } catch (error) {
    yield bad('sign-in', messageOf(error), signInRemedies[config.credential.kind]);
    return false;
  }
  try {
    const version = await client.version(within(config));
    const { since, stream, upload } = await client.features(within(config));
    yield good('sign-in', `with ${credentialWords[config.credential.kind]}`);
    yield good('version', `${version}, taken for ${since}`);
    yield requestsFinding(config, stream);
    yield filesFinding(config, upload);
    return true;
  } catch (error) {
    yield bad(
      'version',
      messageOf(error),
      'set version in clusters.yaml, if HEAppE does not tell it',
    );
    return false;
  }
}

function isInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

async function health(config: HeappeConfig, client: HeappeClient): Promise<Finding> {
  const told = await client.health(within(config));
  if (told === null) return good('health', 'it does not tell strangers (before 6.2)');
  if (told.IsHealthy)
    return good('health', `instance ${told.InstanceIdentifier ?? 'without a name'}`);
  const { Database, Vault } = told.Component ?? {};
  const ill = [
    Database?.IsHealthy === false ? 'database' : [],
    Vault?.IsHealthy === false ? 'vault' : [],
  ].flat();
  return doubtful(
    'health',
    `it is not well: ${ill.join(', ') || 'no reason given'}`,
    'tell those who run it',
  );
}

function requestsFinding({ transport }: HeappeConfig, stream: Features['stream']): Finding {
  if (stream !== 'none' || transport.kind !== 'heappe')
    return good('requests', `over ${transport.kind}`);
  return doubtful(
    'requests',
    'this HEAppE streams nothing and takes 50 kB and 10 s at most: short answers only',
    'an upgrade to 6.1 or newer, or transport: direct or jump',
  );
}

function filesFinding(config: HeappeConfig, upload: boolean): Finding {
  const bySftp = config.fileTransfer === 'sftp' || (config.fileTransfer === 'auto' && !upload);
  if (!bySftp) {
    if (upload) return good('files', 'over HEAppE');
    return bad('files', 'this HEAppE takes no files', 'fileTransfer: sftp, or an upgrade to 6.2');
  }
  return config.sftpHostKey.length > 0
    ? good('files', 'by SFTP, with a pinned host key')
    : bad(
        'files',
        'by SFTP, and no host key is pinned',
        'set sftpHostKey to the key of its SFTP server (ssh-keyscan)',
      );
}

const credentialWords = {
  'api-key': 'an API key',
  password: 'user and password',
  bearer: 'a token',
} as const;

const signInRemedies = {
  'api-key':
    'credential.user, and the key in credential.keyFile; keys are made by an administrator (Management/AdaptorUser)',
  password: 'credential.user, and the password in credential.passwordFile',
  bearer:
    'credential.tokenFile has to hold a token that has not expired, of an issuer that HEAppE trusts',
} as const;

async function* checkProject(
  config: HeappeConfig,
  client: HeappeClient,
  name: ProjectName,
): AsyncGenerator<Finding> {
  try {
    const steps = await activateProject(config, client, name, within(config), { mode: 'look' });
    for (const step of steps) if (step.step !== 'sign-in') yield findingOf(name, step);
  } catch (error) {
    const done = error instanceof ActivationBroken ? error.done : [];
    for (const step of done) if (step.step !== 'sign-in') yield findingOf(name, step);
    const remedy =
      error instanceof ClusterError && error.kind === 'misconfigured'
        ? signInRemedies[config.credential.kind]
        : 'try again; its log says more';
    yield bad(name, messageOf(error), remedy);
  }
}

function findingOf(
  project: ProjectName,
  { step, status, detail, remedy }: ActivationStep,
): Finding {
  const what = `${project}: ${step}`;
  return status === 'done' ? good(what, detail) : bad(what, detail, remedy ?? '');
}

/** @returns false when it still waited in the queue after all */
async function* checkSmallJob(
  driver: ClusterDriver,
  project: ProjectName,
  waitMs: number,
): AsyncGenerator<Finding, boolean> {
  // Not of any installation: a scheduler ends jobs that have its names and no row.
  const name = `wfcheck-${randomBytes(4).toString('hex')}`;
  const ref = { name, clusterJobId: null };
  const signal = AbortSignal.timeout(waitMs + 120_000);
  const script = '#!/bin/bash\nhostname >log\n';
  const shape = { walltimeSeconds: 300, gpuCount: 1, nodes: 1, cpus: null, memory: null };
  try {
    const { clusterJobId } = await driver.submit(
      { name, project, engine: 'simulator', script, secretFiles: {}, ...shape },
      signal,
    );
    yield good('job', `accepted as ${clusterJobId}`);
    const job = await waitForEnd(driver, name, waitMs, signal);
    if (job.state === 'pending' || job.state === 'running') {
      yield doubtful(
        'queue time',
        `${job.state} after ${waitMs / 1000} s: ${job.reason ?? 'no reason given'}`,
        'that is the centre’s queue; --wait SECONDS waits longer',
      );
      return false;
    }
    const said = (await lastWords(driver, ref, 1000, signal)).trim();
    yield job.state === 'completed'
      ? good('job ran', `on ${said}`)
      : bad(
          'job ran',
          `${job.state} (${job.reason ?? 'no reason given'}): ${said}`,
          'see what the centre says, then try again',
        );
  } catch (error) {
    yield bad('job', messageOf(error), 'see what the centre says, then try again');
  } finally {
    const late = AbortSignal.timeout(60_000);
    await driver.cancel([ref], late).catch(() => undefined);
    // HEAppE deletes nothing before it has seen that it is over.
    await waitForEnd(driver, name, 45_000, late).catch(() => undefined);
    await driver.forget([name], late).catch(() => undefined);
  }
  return true;
}

async function waitForEnd(
  driver: ClusterDriver,
  name: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<ClusterJob> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const { sightings } = await driver.observe([{ name, clusterJobId: null }], signal);
    const job = sightings.get(name)?.clusterJob ?? null;
    if (job === null)
      throw new ClusterError('unreachable', 'HEAppE does not list the job any more');
    const open = ['pending', 'running', 'completing', 'unknown'].includes(job.state);
    if (!open || Date.now() > deadline) return job;
    await pause(1000, undefined, { signal });
  }
}
