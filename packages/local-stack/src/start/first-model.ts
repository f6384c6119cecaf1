import { setTimeout as pause } from 'node:timers/promises';
import { SetupError } from '../setup-error.ts';

export const demoProject = 'demo';
export const demoModel = 'wakefield/simulator';

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
  const { send, change } = clientOf(api);
  const models = `/p/${demoProject}/models`;
  await change('POST', '/p', { project: demoProject, cluster });
  const found = await send('GET', `${models}/${encodeURIComponent(demoModel)}`, [404]);
  const present = found.status === 404 ? null : found.body;
  const where = typeof present?.cluster === 'string' ? present.cluster : null;
  if (present !== null && (where === cluster || (where !== null && isKept(where, clusterNames))))
    return;
  await change('PUT', models, { ...firstModel, ...settingsOf(present), cluster });
}

/** A cluster that has just started may take its time to say whether it takes jobs. */
const appliedWithinMs = 60_000;
const callWithinMs = 20_000;
const askAgainMs = 200;

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: Record<string, unknown>;
}

function clientOf(api: { readonly url: string; readonly key: string }) {
  const send = async (
    method: string,
    path: string,
    expected: readonly number[],
    body?: unknown,
  ) => {
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${api.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(callWithinMs),
    });
    const text = await response.text();
    if (!response.ok && !expected.includes(response.status))
      throw new SetupError(`${method} ${path} answered ${response.status}: ${text}`);
    const { status, headers } = response;
    const answer: Answer = { status, location: headers.get('location'), body: JSON.parse(text) };
    return answer;
  };
  /** A change is done when its command is applied, not yet when it is accepted (202). */
  const change = async (method: string, path: string, body: unknown): Promise<void> => {
    const { status, location } = await send(method, path, [], body);
    if (status !== 202 || location === null) return;
    const deadline = performance.now() + appliedWithinMs;
    for (;;) {
      const command = (await send('GET', location, [])).body;
      if (command.status === 'applied') return;
      if (command.status === 'rejected')
        throw new SetupError(`${method} ${path} was rejected: ${JSON.stringify(command.error)}`);
      if (performance.now() > deadline)
        throw new SetupError(`${method} ${path} was accepted, and not applied within a minute`);
      await pause(askAgainMs);
    }
  };
  return { send, change };
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
  'timeouts',
  'limits',
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
