import type {
  EngineProbe,
  EngineProber,
  EngineTarget,
  ProbeVerdict,
  Transport,
} from '@wakefield/control';
import type { ClusterName } from '@wakefield/domain';
import { type Answer, type Exchange, exchange } from './exchange.ts';
import { readMetric } from './metrics-page.ts';

export interface EngineProberDeps {
  readonly transports: { get(cluster: ClusterName): Transport | undefined };
  /** By engine, from its recipe. */
  readonly probes: Readonly<Record<string, EngineProbe>>;
}

const notYet = (detail: string): ProbeVerdict => ({ status: 'not_yet', detail });
const foreign = (detail: string): ProbeVerdict => ({ status: 'foreign', detail });
type Ask = (what: Exchange) => Promise<Answer>;

/** Asks engines over their cluster's transport. Every call ends with its signal. */
export function createEngineProber({ transports, probes }: EngineProberDeps): EngineProber {
  const asker = (target: EngineTarget, signal: AbortSignal): Ask | null => {
    const transport = transports.get(target.cluster);
    if (transport === undefined) return null;
    return (what) => exchange(transport, target.address, what, signal);
  };
  return {
    async probe(target, signal) {
      const probe = probes[target.engine];
      const ask = asker(target, signal);
      if (probe === undefined) return notYet(`no recipe says how to probe ${target.engine}`);
      if (ask === null) return notYet(`cluster ${target.cluster} is not in the configuration`);
      try {
        return (
          (await checkHealth(ask, probe)) ??
          (await checkKey(ask, probe)) ??
          (await checkIdentity(ask, probe, target)) ??
          (await warmUp(ask, probe, target)) ?? {
            status: 'ready',
            capacity: await ownLimit(ask, probe, target),
          }
        );
      } catch (error) {
        return notYet(error instanceof Error ? error.message : String(error));
      }
    },
    async metrics(target, signal) {
      const probe = probes[target.engine];
      const ask = asker(target, signal);
      if (probe === undefined || ask === null) return null;
      try {
        return await readMetrics(ask, probe, target.engineKey);
      } catch {
        return null;
      }
    },
  };
}

async function checkHealth(ask: Ask, { healthPath }: EngineProbe): Promise<ProbeVerdict | null> {
  const { status } = await ask({ method: 'GET', path: healthPath, key: null });
  if (status === 200) return null;
  const detail = `${healthPath} answers ${status}`;
  return status >= 500 ? notYet(detail) : foreign(detail);
}

/** Before ours is shown to whoever listens there: an engine that asks for no key is not this job's. */
async function checkKey(ask: Ask, { modelsPath }: EngineProbe): Promise<ProbeVerdict | null> {
  const { status } = await ask({ method: 'GET', path: modelsPath, key: null });
  if (status === 401 || status === 403) return null;
  if (status >= 500) return notYet(`${modelsPath} answers ${status}`);
  return foreign(`${modelsPath} answers ${status} without a key`);
}

async function checkIdentity(
  ask: Ask,
  { modelsPath }: EngineProbe,
  { engineKey, identity }: EngineTarget,
): Promise<ProbeVerdict | null> {
  const { status, text } = await ask({ method: 'GET', path: modelsPath, key: engineKey });
  if (status >= 500) return notYet(`${modelsPath} answers ${status}`);
  if (status !== 200) return foreign(`${modelsPath} answers ${status} to this job's key`);
  return servedNames(text).includes(identity) ? null : foreign(`does not serve ${identity}`);
}

function servedNames(text: string): readonly unknown[] {
  const data = field(parse(text), 'data');
  return Array.isArray(data) ? data.map((model: unknown) => field(model, 'id')) : [];
}

const warmUps = {
  chat: {
    path: '/v1/chat/completions',
    body: (model: string) => ({
      model,
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 1,
    }),
  },
  completion: {
    path: '/v1/completions',
    body: (model: string) => ({ model, prompt: 'Hello', max_tokens: 1 }),
  },
  embedding: {
    path: '/v1/embeddings',
    body: (model: string) => ({ model, input: 'Hello' }),
  },
} as const;

/** Answers of an engine whose model does not do this kind of thing. */
const notItsKind: ReadonlySet<number> = new Set([400, 404, 405, 422, 501]);

/**
 * The first request is slow (compilation, caches), so it is ours. An engine that knows none of the kinds, e.g.
 * one that only transcribes, is ready without.
 */
async function warmUp(
  ask: Ask,
  probe: EngineProbe,
  { engineKey, hfModelId }: EngineTarget,
): Promise<ProbeVerdict | null> {
  for (const kind of probe.warmUps) {
    const { path, body } = warmUps[kind];
    const answer = await ask({ method: 'POST', path, key: engineKey, body: body(hfModelId) });
    if (answer.status === 200) {
      return wasCut(answer.text) ? notYet('it is shutting down') : null;
    }
    if (!notItsKind.has(answer.status)) return notYet(`${path} answers ${answer.status}`);
  }
  return null;
}

/** Requests that it takes at once in its own words; null where it has none. An engine is ready without them. */
async function ownLimit(
  ask: Ask,
  { ownLimit: where }: EngineProbe,
  { engineKey }: EngineTarget,
): Promise<number | null> {
  if (where === null) return null;
  const answer = await ask({ method: 'GET', path: where.path, key: engineKey }).catch(() => null);
  const entries = answer?.status === 200 ? field(parse(answer.text), where.list) : null;
  if (!Array.isArray(entries)) return null;
  const sum = entries
    .map((entry: unknown) => field(entry, where.field))
    .reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0);
  return Number.isInteger(sum) && sum > 0 ? sum : null;
}

/** An engine on its way out answers 200 with nothing in it. */
function wasCut(text: string): boolean {
  const choices = field(parse(text), 'choices');
  return Array.isArray(choices) && field(choices[0], 'finish_reason') === 'abort';
}

async function readMetrics(ask: Ask, probe: EngineProbe, key: string) {
  // Both at once: each may have a long way.
  const [health, page] = await Promise.all([
    ask({ method: 'GET', path: probe.healthPath, key: null }),
    probe.metricsPath === null ? null : ask({ method: 'GET', path: probe.metricsPath, key }),
  ]);
  if (health.status !== 200) return null;
  const text = page?.status === 200 ? page.text : '';
  return {
    gpuUtilization: null,
    waitingRequests: readMetric(text, probe.waiting),
    runningRequests: readMetric(text, probe.running),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
