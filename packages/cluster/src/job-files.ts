import type { Address, ClusterJobState, EpochMs, ExitRecord, JobSighting } from '@wakefield/domain';
import { isItsPlace, type PlaceRules } from './endpoint-place.ts';

/** Names in a job's directory; the job's script writes and reads the same ones. */
export const jobFiles = {
  /** SLURM's id of the job that last took the directory for its own. */
  owner: 'owner',
  endpoint: 'endpoint.json',
  exit: 'exit.json',
  log: 'log',
  /** What the batch system itself says to the job. */
  batchLog: 'batch.log',
  gpu: 'gpu',
  /** `building`, while the job's script makes what its recipe needs. */
  stage: 'stage',
} as const;

/** `{"host","port","pid","at"}`, written once the engine's port is chosen; null when it is not that. */
export function parseEndpointFile(text: string): Address | null {
  const value = parseObject(text);
  const { host, port } = value;
  const good =
    typeof host === 'string' &&
    /^[A-Za-z0-9._:-]{1,255}$/.test(host) &&
    typeof port === 'number' &&
    Number.isInteger(port) &&
    port > 0 &&
    port < 65_536;
  return good ? { host, port } : null;
}

/** Of a sighting: what the endpoint file says, believed or not. @param told null: there is none */
export function placeOf(
  told: Address | null,
  node: string | null,
  rules: PlaceRules,
): Pick<JobSighting, 'address' | 'misplaced'> {
  if (told === null) return { address: null, misplaced: null };
  return isItsPlace(told, node, rules)
    ? { address: told, misplaced: null }
    : { address: null, misplaced: told };
}

const causes: readonly unknown[] = ['drained', 'engine', 'terminated', 'setup', 'absent'];

/** `{"exitCode","cause","at"}` and perhaps "missing", written when the job's script ends by itself; null when it is not that. */
export function parseExitFile(text: string): ExitRecord | null {
  const { exitCode, cause, missing, at } = parseObject(text);
  if (typeof exitCode !== 'number' || !Number.isInteger(exitCode)) return null;
  if (typeof at !== 'number' || !causes.includes(cause)) return null;
  return {
    exitCode,
    cause: cause as ExitRecord['cause'],
    // Whoever has a shell in the account may have written it, and it is told to people.
    ...(typeof missing === 'string' && /^[\w./+-]{1,100}$/.test(missing) ? { missing } : {}),
    at: at as EpochMs,
  };
}

/** One number of 0 to 100 for each GPU, by white space or commas: their mean; null when there is none. */
export function parseGpuFile(text: string): number | null {
  const numbers = text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map(Number);
  const good = numbers.length > 0 && numbers.every((value) => value >= 0 && value <= 100);
  return good ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
}

/**
 * Whether the job builds.
 * @param stage first line of the file; one that was killed while it built leaves it behind, as does one that was requeued
 */
export function isBuilding(
  stage: string | null | undefined,
  state: ClusterJobState | undefined,
): boolean {
  return stage?.trim() === 'building' && (state === 'running' || state === 'suspended');
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
