import type { Transport } from '@wakefield/control';
import type { Address, ClusterName, DurationMs, Endpoint, JobId } from '@wakefield/domain';
import type { AnswerHandler } from './answer-handler.ts';
import { ConnectionPool, type EngineRequest } from './connection-pool.ts';
import { createDialer } from './dial.ts';
import { isSamePlace } from './place.ts';
import { hostLines } from './request-head.ts';

/** What a request is told that ran on a job which is over. */
export class JobEndedError extends Error {
  override readonly name = 'JobEndedError';
}

/** Connections to engines, a pool for each endpoint. */
export interface UpstreamPools {
  /** Sends a POST; whatever happens is told to the handler. */
  post(endpoint: Endpoint, request: EngineRequest, handler: AnswerHandler): void;
  /**
   * Lets go of endpoints that are no longer routed to. What runs there runs on while the job may serve; when it
   * has ended or is somewhere else, each of its requests fails with `JobEndedError` once nothing comes of it.
   */
  retain(table: {
    readonly endpoints: ReadonlyMap<JobId, Endpoint>;
    readonly serving: ReadonlySet<JobId>;
  }): void;
  /** Called a few times a second: the limits of time are looked at here, and nowhere else. */
  sweep(): void;
  close(): void;
}

/** A job at one address: a requeued one keeps its id, and comes up elsewhere. */
interface Line {
  readonly jobId: JobId;
  readonly address: Address;
  readonly pool: ConnectionPool;
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
 * @param elapsed the clock that never goes back
 */
export function createUpstreamPools(
  transportOf: (cluster: ClusterName) => Transport | null,
  { endedGraceMs, endedQuietMs }: EndedPatience,
  elapsed: () => DurationMs,
): UpstreamPools {
  /** Those that get new requests. */
  const open = new Map<JobId, Line>();
  /** These, and those that finish what they have. */
  const lines = new Set<Line>();

  const connect = ({ jobId, cluster, address }: Endpoint): Line => {
    const dialer = createDialer(transportOf(cluster), address);
    const pool = new ConnectionPool(hostLines(address), dialer, elapsed);
    const line: Line = { jobId, address, pool, looks: null };
    open.set(jobId, line);
    lines.add(line);
    return line;
  };
  const letGo = (line: Line): void => {
    if (open.get(line.jobId) !== line) return;
    open.delete(line.jobId);
    line.pool.retire(() => {
      stopLooking(line);
      lines.delete(line);
    });
  };
  const end = (line: Line): void => {
    if (line.looks !== null || !lines.has(line)) return;
    line.pool.underWay.each((request) => request.lookAnew());
    line.looks = setInterval(() => {
      line.pool.underWay.each((request) => {
        const patienceMs = request.answering ? endedQuietMs : endedGraceMs;
        if (request.look() * endedGraceMs >= patienceMs)
          request.giveUp(new JobEndedError('the job has ended'));
      });
    }, endedGraceMs);
  };
  const lineTo = (endpoint: Endpoint): Line => {
    const line = open.get(endpoint.jobId);
    if (line !== undefined && isAt(line, endpoint)) return line;
    if (line !== undefined) {
      letGo(line);
      end(line);
    }
    return connect(endpoint);
  };

  return {
    post: (endpoint, request, handler) => lineTo(endpoint).pool.post(request, handler),
    retain: ({ endpoints, serving }) => {
      for (const line of [...lines]) {
        const endpoint = endpoints.get(line.jobId);
        const routed = endpoint !== undefined && isAt(line, endpoint);
        if (!routed) letGo(line);
        if (routed || (endpoint === undefined && serving.has(line.jobId))) stopLooking(line);
        else end(line);
      }
    },
    sweep: () => {
      for (const { pool } of lines) pool.sweep();
    },
    close: () => {
      const all = [...lines];
      open.clear();
      lines.clear();
      for (const line of all) {
        stopLooking(line);
        line.pool.destroy();
      }
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
