import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterDriver } from '@wakefield/control';
import type { Address, JobName, JobSighting } from '@wakefield/domain';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { lastWords } from './last-words.ts';
import { reachRemedy } from './remedies.ts';
import { advertisedHost, type NodeSurvey, parseNodeSurvey, surveyScript } from './survey.ts';
import { bad, doubtful, type Finding, good, messageOf } from './terminal.ts';

export interface JobCheckOptions {
  readonly project: string;
  /** How long to wait in the queue. */
  readonly withinMs: number;
  readonly now: () => number;
}

/**
 * Runs one small real job of a few minutes' walltime, talks to it through the transport, and removes it.
 * @returns false when it still waited in the queue after all
 */
export async function* checkJob(
  config: SlurmSshConfig,
  driver: ClusterDriver,
  options: JobCheckOptions,
): AsyncGenerator<Finding, boolean> {
  // Not of any installation: a scheduler ends jobs that have its names and no row.
  const name = `wfcheck-${randomBytes(4).toString('hex')}`;
  const signal = AbortSignal.timeout(options.withinMs + 120_000);
  try {
    return yield* runJob(config, driver, name, options, signal);
  } catch (error) {
    yield bad('job', messageOf(error), 'see what the centre says, then try again');
    return true;
  } finally {
    const late = AbortSignal.timeout(60_000);
    await driver.cancel([{ name, clusterJobId: null }], late).catch(() => undefined);
    await driver.forget([name], late).catch(() => undefined);
  }
}

async function* runJob(
  config: SlurmSshConfig,
  driver: ClusterDriver,
  name: JobName,
  options: JobCheckOptions,
  signal: AbortSignal,
): AsyncGenerator<Finding, boolean> {
  const { profile } = driver;
  const script = surveyScript({
    directory: `${profile.jobsDirectory}/${name}`,
    bindHost: profile.bindHost,
    host: advertisedHost(config.nodeAddress),
    ports: profile.ports,
    modelDirectory: profile.modelDirectory,
    setup: profile.setup,
  });
  const shape = { walltimeSeconds: 300, gpuCount: 1, nodes: 1, cpus: null, memory: null };
  const { project } = options;
  const { clusterJobId } = await driver.submit(
    { name, project, engine: 'simulator', script, secretFiles: {}, ...shape },
    signal,
  );
  yield good('job', `accepted as ${clusterJobId}`);
  const seen = await waitFor(driver, name, options, signal);
  yield* readSighting(seen, options);
  if (seen.clusterJob?.state === 'pending') return false;
  const log = await lastWords(driver, { name, clusterJobId }, 100_000, signal);
  const survey = parseNodeSurvey(log);
  if (survey.host === null) {
    yield bad(
      'shared directory',
      'nothing that the job wrote arrived here',
      'workingDirectory must be on a file system that login and compute nodes share',
    );
    return true;
  }
  yield good('shared directory', `what ${survey.host} writes is seen on the login node`);
  yield* readSurvey(survey, profile.setup, options.now());
  if (seen.address !== null) yield await tryAddress(config, driver, seen.address, signal);
  else if (!survey.programs.has('python3'))
    yield doubtful(
      'reaching a job',
      'no python3 on the node to answer',
      'try it with a real model',
    );
  else
    yield bad(
      'reaching a job',
      `no port could be bound on ${config.bindHost}: ${survey.unbound ?? 'no reason given'}`,
      'bindHost must be an address of the node (0.0.0.0: all of them), ports ones that users may bind',
    );
  return true;
}

async function waitFor(
  driver: ClusterDriver,
  name: JobName,
  options: JobCheckOptions,
  signal: AbortSignal,
): Promise<JobSighting> {
  const deadline = options.now() + options.withinMs;
  for (;;) {
    const { sightings } = await driver.observe([{ name, clusterJobId: null }], signal);
    const seen = sightings.get(name);
    const state = seen?.clusterJob?.state ?? 'unknown';
    const settled = seen?.address !== null || !['pending', 'running', 'unknown'].includes(state);
    if (seen !== undefined && (settled || options.now() > deadline)) return seen;
    await pause(500, undefined, { signal });
  }
}

function* readSighting(seen: JobSighting, options: JobCheckOptions): Generator<Finding> {
  const { clusterJob } = seen;
  if (clusterJob?.state === 'pending')
    yield doubtful(
      'queue time',
      `still waiting after ${options.withinMs / 1000} s: ${clusterJob.reason ?? 'no reason given'}`,
      'that is the centre’s queue; --wait SECONDS waits longer',
    );
  const submitted = clusterJob?.submittedAt ?? null;
  const started = clusterJob?.startedAt ?? null;
  if (submitted !== null && started !== null)
    yield good(
      'queue time',
      `started after ${(started - submitted) / 1000} s on ${clusterJob?.node}`,
    );
}

function* readSurvey(
  survey: NodeSurvey,
  setup: Readonly<Record<string, readonly string[]>>,
  now: number,
): Generator<Finding> {
  const missing = ['awk', 'hostname', 'flock', 'python3'].filter(
    (program) => !survey.programs.has(program),
  );
  const found = [...survey.programs].join(', ');
  yield missing.length === 0
    ? good('node programs', found)
    : doubtful('node programs', `missing: ${missing.join(', ')}`, 'set-up lines may bring them');
  yield survey.programs.has('nvidia-smi')
    ? good('node GPUs', `CUDA_VISIBLE_DEVICES=${survey.gpus}`)
    : doubtful(
        'node GPUs',
        `no nvidia-smi; CUDA_VISIBLE_DEVICES=${survey.gpus}`,
        'utilisation will be unknown; right on nodes without NVIDIA GPUs',
      );
  if (survey.clock !== null && Math.abs(survey.clock - now / 1000) > 60)
    yield doubtful('node clock', 'is more than a minute off', 'let the nodes keep time by NTP');
  if (survey.models === 'missing')
    yield bad('node models', 'the model directory is not there', 'name one that compute nodes see');
  for (const name of Object.keys(setup)) {
    const failure = survey.failedSetups.get(name);
    yield failure === undefined
      ? good(`setup ${name}`, 'its set-up lines run on the node')
      : bad(`setup ${name}`, failure, `mend recipes.${name}.setup`);
  }
}

async function tryAddress(
  config: SlurmSshConfig,
  driver: ClusterDriver,
  address: Address,
  signal: AbortSignal,
): Promise<Finding> {
  const where = `${address.host}:${address.port}`;
  try {
    const socket = await driver.transport.connect(address, signal);
    const words = await readAll(socket);
    if (words === 'wakefield')
      return good('reaching a job', `${where} by ${driver.transport.kind}`);
    return bad('reaching a job', `somebody else answers at ${where}`, 'nodeAddress, ports');
  } catch (error) {
    const words = messageOf(error);
    return bad('reaching a job', words, reachRemedy(config.transport.kind, words));
  }
}

async function readAll(socket: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
