import type {
  EngineProbe,
  EngineProber,
  EngineTarget,
  ProbeVerdict,
  Transport,
} from '@wakefield/control';
import type { ClusterName, ServiceKeyUse } from '@wakefield/domain';
import { type Ask, field, foreign, isGood, notYet, parse } from './ask.ts';
import { exchange } from './exchange.ts';
import { readMetric } from './metrics-page.ts';
import { warmUp } from './warm-up.ts';

export interface EngineProberDeps {
  readonly transports: { get(cluster: ClusterName): Transport | undefined };
  /** By engine, and for services by the path of their recipe. */
  readonly probes: Readonly<Record<string, EngineProbe>>;
}

/** Asks engines and other services over their cluster's transport. Every call ends with its signal. */
export function createEngineProber({ transports, probes }: EngineProberDeps): EngineProber {
  const asker = (target: EngineTarget, { key }: EngineProbe, signal: AbortSignal): Ask | null => {
    const { address, basePath, engineKey } = target;
    const transport = transports.get(target.cluster);
    if (transport === undefined) return null;
    return ({ withKey, path, ...what }) => {
      const headers = withKey ? keyHeaders(key, engineKey) : {};
      return exchange(transport, address, { ...what, path: basePath + path, headers }, signal);
    };
  };
  return {
    async probe(target, signal) {
      const probe = probes[target.engine];
      if (probe === undefined) return notYet(`no recipe says how to probe ${target.engine}`);
      const ask = asker(target, probe, signal);
      if (ask === null) return notYet(`cluster ${target.cluster} is not in the configuration`);
      try {
        return (
          (await checkHealth(ask, probe)) ??
          (await checkOwn(ask, probe, target)) ?? {
            status: 'ready',
            capacity: await ownLimit(ask, probe),
          }
        );
      } catch (error) {
        return notYet(error instanceof Error ? error.message : String(error));
      }
    },
    async metrics(target, signal) {
      const probe = probes[target.engine];
      const ask = probe === undefined ? null : asker(target, probe, signal);
      if (probe === undefined || ask === null) return null;
      try {
        return await readMetrics(ask, probe);
      } catch {
        return null;
      }
    },
  };
}

/** RFC 9110 has names of headers in any case; Node sends them as they are. */
function keyHeaders(use: ServiceKeyUse, key: string): Readonly<Record<string, string>> {
  if (use.kind === 'authorization') return { authorization: `${use.scheme} ${key}` };
  return use.kind === 'header' ? { [use.name]: key } : {};
}

async function checkHealth(ask: Ask, probe: EngineProbe): Promise<ProbeVerdict | null> {
  const { healthPath, modelsPath, privatePath, key } = probe;
  const { status } = await ask({ method: 'GET', path: healthPath, withKey: false });
  if (isGood(status)) return null;
  const detail = `${healthPath} answers ${status}`;
  // Of what never proves whose it is nobody can say that it is another's.
  const isNobodys = modelsPath === null && (privatePath === null || key.kind === 'none');
  return status >= 500 || isNobodys ? notYet(detail) : foreign(detail);
}

/**
 * Whether what answers is this job's: an engine lists the alias of its job, anything else has a page that its key opens.
 * What has neither, or asks for no key, is taken to be what the endpoint file says, though its port may be another's by now.
 */
async function checkOwn(
  ask: Ask,
  probe: EngineProbe,
  target: EngineTarget,
): Promise<ProbeVerdict | null> {
  const { modelsPath, privatePath, key } = probe;
  if (modelsPath !== null)
    return (
      (await checkClosed(ask, modelsPath)) ??
      (await checkIdentity(ask, modelsPath, target)) ??
      (await warmUp(ask, probe, target))
    );
  if (privatePath === null || key.kind === 'none') return null;
  return (await checkClosed(ask, privatePath)) ?? (await checkOpens(ask, privatePath)).verdict;
}

/** Before ours is shown to whoever listens there: what asks for no key is not this job's. */
async function checkClosed(ask: Ask, path: string): Promise<ProbeVerdict | null> {
  const { status } = await ask({ method: 'GET', path, withKey: false });
  if (status === 401 || status === 403) return null;
  if (status >= 500) return notYet(`${path} answers ${status}`);
  return foreign(`${path} answers ${status} without a key`);
}

/** What the page says to the key of the job, or why it says nothing. */
async function checkOpens(ask: Ask, path: string) {
  const { status, text } = await ask({ method: 'GET', path, withKey: true });
  if (isGood(status)) return { text, verdict: null };
  const detail = `${path} answers ${status}`;
  return { text, verdict: status >= 500 ? notYet(detail) : foreign(`${detail} to this job's key`) };
}

async function checkIdentity(
  ask: Ask,
  modelsPath: string,
  { identity }: EngineTarget,
): Promise<ProbeVerdict | null> {
  const { text, verdict } = await checkOpens(ask, modelsPath);
  if (verdict !== null) return verdict;
  return servedNames(text).includes(identity) ? null : foreign(`does not serve ${identity}`);
}

function servedNames(text: string): readonly unknown[] {
  const data = field(parse(text), 'data');
  return Array.isArray(data) ? data.map((model: unknown) => field(model, 'id')) : [];
}

/** Requests that it takes at once in its own words; null where it has none. An engine is ready without them. */
async function ownLimit(ask: Ask, { ownLimit: where }: EngineProbe): Promise<number | null> {
  if (where === null) return null;
  const answer = await ask({ method: 'GET', path: where.path, withKey: true }).catch(() => null);
  const entries = answer?.status === 200 ? field(parse(answer.text), where.list) : null;
  if (!Array.isArray(entries)) return null;
  const sum = entries
    .map((entry: unknown) => field(entry, where.field))
    .reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0);
  return Number.isInteger(sum) && sum > 0 ? sum : null;
}

async function readMetrics(ask: Ask, probe: EngineProbe) {
  // Both at once: each may have a long way.
  const [health, page] = await Promise.all([
    ask({ method: 'GET', path: probe.healthPath, withKey: false }),
    probe.metricsPath === null
      ? null
      : ask({ method: 'GET', path: probe.metricsPath, withKey: true }),
  ]);
  if (!isGood(health.status)) return null;
  const text = page?.status === 200 ? page.text : '';
  return {
    gpuUtilization: null,
    waitingRequests: readMetric(text, probe.waiting),
    runningRequests: readMetric(text, probe.running),
  };
}
