import type { Transport } from '@wakefield/control';
import type { Address, ClusterName, DurationMs, Endpoint, JobId } from '@wakefield/domain';
import { type Dispatcher, Pool } from 'undici';
import { createConnector } from './connector.ts';
import { letGoOnceSent } from './large-body.ts';
import { isSamePlace } from './place.ts';
import { UnderWay } from './under-way.ts';

/** uvicorn, below vLLM and SGLang, closes idle connections after 5 s; we have to be first. */
const keepAliveMs = 4000;

/** What a request is told that ran on a job which is over. */
export class JobEndedError extends Error {
  override readonly name = 'JobEndedError';
}

/** Connections to engines, a pool for each endpoint. */
export interface UpstreamPools {
  /** Sends a POST; whatever happens is told to the handler. */
  post(
    endpoint: Endpoint,
    request: {
      readonly path: string;
      readonly headers: string[];
      readonly body: Buffer;
      /** On a connection of its own: none that its engine may be closing. */
      readonly onNewConnection: boolean;
    },
    handler: Dispatcher.DispatchHandler,
  ): void;
  /**
   * Lets go of endpoints that are no longer routed to. What runs there runs on while the job may serve; when it
   * has ended or is somewhere else, each of its requests fails with `JobEndedError` once nothing comes of it.
   */
  retain(table: {
    readonly endpoints: ReadonlyMap<JobId, Endpoint>;
    readonly serving: ReadonlySet<JobId>;
  }): void;
  close(): Promise<void>;
}

/** A job at one address: a requeued one keeps its id, and comes up elsewhere. */
interface Line {
  readonly jobId: JobId;
  readonly address: Address;
  readonly pool: Pool;
  readonly underWay: Set<UnderWay>;
  /** Runs while its job is over. */
  looks: NodeJS.Timeout | null;
}

/** How long a job that has ended may bring nothing. */
export interface EndedPatience {
  /** Of a request that has no answer yet: it may be asked elsewhere. */
  readonly endedGraceMs: DurationMs;
  /** In the middle of an answer, up to a grace more: its engine may outlive its job, as under a dead node daemon. */
  readonly endedQuietMs: DurationMs;
}

/**
 * @param transportOf how bytes reach jobs of a cluster; null: straight TCP
 * @param patience with jobs that have ended. A node that vanishes closes nothing: without an end of it its requests
 *   would wait for ever, and keep their model awake
 */
export function createUpstreamPools(
  transportOf: (cluster: ClusterName) => Transport | null,
  { endedGraceMs, endedQuietMs }: EndedPatience,
): UpstreamPools {
  /** Those that get new requests. */
  const open = new Map<JobId, Line>();
  /** These, and those that finish what they have. */
  const lines = new Set<Line>();

  const connect = ({ jobId, cluster, address }: Endpoint): Line => {
    const pool = new Pool(originOf(address), {
      connect: createConnector(transportOf(cluster), address),
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // Answers of engines may take as long as they take: before the first token, and between two.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
    const line: Line = { jobId, address, pool, underWay: new Set(), looks: null };
    lines.add(line);
    return line;
  };
  const letGo = (line: Line): void => {
    if (open.get(line.jobId) === line) open.delete(line.jobId);
    if (line.pool.closed) return;
    void line.pool.close().finally(() => {
      stopLooking(line);
      lines.delete(line);
    });
  };
  const end = (line: Line): void => {
    if (line.looks !== null) return;
    for (const request of line.underWay) request.lookAnew();
    line.looks = setInterval(() => {
      for (const request of [...line.underWay]) {
        const patienceMs = request.answering ? endedQuietMs : endedGraceMs;
        if (request.look() * endedGraceMs >= patienceMs)
          request.giveUp(new JobEndedError('the job has ended'));
      }
    }, endedGraceMs);
  };

  return {
    post: (endpoint, { path, headers, body, onNewConnection }, handler) => {
      let line = open.get(endpoint.jobId);
      if (line !== undefined && !isAt(line, endpoint)) {
        letGo(line);
        end(line);
        line = undefined;
      }
      if (onNewConnection) line = connect(endpoint);
      else if (line === undefined) {
        line = connect(endpoint);
        open.set(endpoint.jobId, line);
      }
      headers.push('content-length', String(body.length));
      // undici takes iterables for a body, its types do not say so (undici docs/docs/api/Dispatcher.md).
      const sent = letGoOnceSent(body) as Buffer;
      const { pool, underWay } = line;
      const request = new UnderWay(handler, (over) => underWay.delete(over));
      underWay.add(request);
      pool.dispatch({ method: 'POST', path, headers, body: sent }, request);
      if (onNewConnection) letGo(line);
    },
    retain: ({ endpoints, serving }) => {
      for (const line of [...lines]) {
        const endpoint = endpoints.get(line.jobId);
        const routed = endpoint !== undefined && isAt(line, endpoint);
        if (!routed) letGo(line);
        if (routed || (endpoint === undefined && serving.has(line.jobId))) stopLooking(line);
        else end(line);
      }
    },
    close: async () => {
      const all = [...lines];
      open.clear();
      lines.clear();
      all.forEach(stopLooking);
      await Promise.allSettled(all.map(({ pool }) => pool.destroy()));
    },
  };
}

function isAt(line: Line, endpoint: Endpoint): boolean {
  return isSamePlace(line.address, endpoint.address);
}

function stopLooking(line: Line): void {
  if (line.looks !== null) clearInterval(line.looks);
  line.looks = null;
}

function originOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
