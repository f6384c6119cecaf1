import { randomUUID } from 'node:crypto';
import { pollTrue } from '../process/poll.ts';
import { SetupError } from '../setup-error.ts';

export const demoProject = 'demo';
export const demoModel = 'wakefield/simulator';
const activationMs = 60_000;

type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Record<string, unknown> | null>;

/**
 * Makes sure that there is something to talk to: project `demo` with model `wakefield/simulator`, asleep.
 * A model that is there is left as its owner set it, unless its cluster is none of ours any more.
 * @throws SetupError with the API's words
 */
export async function ensureFirstModel(
  api: { readonly url: string; readonly key: string },
  cluster: string,
  clusterNames: readonly string[],
): Promise<void> {
  const call: Call = async (method, path, body, headers = {}) => {
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${api.key}`,
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok && response.status !== 404)
      throw new SetupError(`${method} ${path} answered ${response.status}: ${text}`);
    return response.ok ? (JSON.parse(text) as Record<string, unknown>) : null;
  };
  const models = `/p/${demoProject}/models`;
  await activate(call, cluster);
  const present = await call('GET', `${models}/${encodeURIComponent(demoModel)}`);
  const where = typeof present?.cluster === 'string' ? present.cluster : null;
  if (present !== null && (where === cluster || (where !== null && isKept(where, clusterNames))))
    return;
  await call('PUT', models, { ...firstModel, ...settingsOf(present), cluster });
}

/** A cluster behind others takes longer than the API waits: the same request again waits for the same command. */
async function activate(call: Call, cluster: string): Promise<void> {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { project: demoProject, cluster };
  const done = await pollTrue({ timeoutMs: activationMs, everyMs: 100 }, async () => {
    const answer = await call('POST', '/p', body, headers);
    return answer !== null && !('command' in answer);
  });
  if (!done)
    throw new SetupError(
      `Project ${demoProject} is not active on ${cluster} after ${activationMs / 1000} s.`,
    );
}

const firstModel = { hf_model_id: demoModel, engine: 'simulator', gpu_count: 1 };

/** Fields that a PUT takes; what its owner changed in them goes along to the other cluster. */
const settings = [
  'gpu_count',
  'engine',
  'walltime',
  'walltime_ratio',
  'idle_timeout',
  'autoscale',
  'is_refreshing',
  'min_replicas',
  'max_replicas',
  'engine_args',
  'resources',
] as const;

function settingsOf(model: Readonly<Record<string, unknown>> | null): Record<string, unknown> {
  if (model === null) return {};
  return Object.fromEntries(
    settings.filter((name) => model[name] !== undefined).map((name) => [name, model[name]]),
  );
}

/** The clusters of npm start take turns; one that the user chose stays. */
function isKept(where: string, clusterNames: readonly string[]): boolean {
  return clusterNames.includes(where) && where !== 'local';
}
