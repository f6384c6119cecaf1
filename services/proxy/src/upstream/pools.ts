import type { Transport } from '@wakefield/control';
import type { ClusterName, Endpoint, JobId } from '@wakefield/domain';
import { type Dispatcher, Pool } from 'undici';
import { createConnector } from './connector.ts';
import { letGoOnceSent } from './large-body.ts';

/** uvicorn, below vLLM and SGLang, closes idle connections after 5 s; we have to be first. */
const keepAliveMs = 4000;

/** Connections to engines, a pool for each endpoint. */
export interface UpstreamPools {
  /** Sends a POST; whatever happens is told to the handler. */
  post(
    endpoint: Endpoint,
    request: { readonly path: string; readonly headers: string[]; readonly body: Buffer },
    handler: Dispatcher.DispatchHandler,
  ): void;
  /** Lets go of endpoints that are no longer routed to; what runs there runs on. */
  retain(jobIds: ReadonlySet<JobId>): void;
  close(): Promise<void>;
}

/** @param transportOf how bytes reach jobs of a cluster; null: straight TCP */
export function createUpstreamPools(
  transportOf: (cluster: ClusterName) => Transport | null,
): UpstreamPools {
  const pools = new Map<JobId, Pool>();
  const leaving = new Set<Pool>();

  const open = ({ cluster, address }: Endpoint): Pool =>
    new Pool(originOf(address), {
      connect: createConnector(transportOf(cluster), address),
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // Answers of engines may take as long as they take: before the first token, and between two.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });

  return {
    post: (endpoint, { path, headers, body }, handler) => {
      let pool = pools.get(endpoint.jobId);
      if (pool === undefined) {
        pool = open(endpoint);
        pools.set(endpoint.jobId, pool);
      }
      headers.push('content-length', String(body.length));
      // undici takes iterables for a body, its types do not say so (undici docs/docs/api/Dispatcher.md).
      const sent = letGoOnceSent(body) as Buffer;
      pool.dispatch({ method: 'POST', path, headers, body: sent }, handler);
    },
    retain: (jobIds) => {
      for (const [jobId, pool] of pools) {
        if (jobIds.has(jobId)) continue;
        pools.delete(jobId);
        leaving.add(pool);
        void pool.close().finally(() => leaving.delete(pool));
      }
    },
    close: async () => {
      const all = [...pools.values(), ...leaving];
      pools.clear();
      await Promise.allSettled(all.map((pool) => pool.destroy()));
    },
  };
}

function originOf({ host, port }: Endpoint['address']): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
