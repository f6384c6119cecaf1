import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { urlOf } from './authority.ts';
import type { Health } from './health.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { Exposition } from './metrics.ts';

export interface OpsServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metrics: { expose(): Promise<Exposition>; exposeJson?(): Promise<Exposition> };
  /** What the process needs to do its work: `/readyz`. */
  readonly readiness: Health;
  /** What a restart would mend: `/livez`. Absent: alive as long as it answers. */
  readonly liveness?: Health;
  readonly lifecycle: Pick<Lifecycle, 'draining'>;
  readonly logger: Logger;
}

export interface OpsServer {
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * `/livez`, `/readyz` and `/metrics` of a process, on a port of its own that is not for the public.
 * `/metrics` answers who accepts `application/json` alone with what `sumMetrics` takes.
 * `/readyz` answers 503 while a required check fails and from the moment the process drains.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const server = createServer(
    { keepAliveTimeout: 5000, requestTimeout: 5000 },
    (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        send(response, json(405, { status: 'method not allowed' }), { allow: 'GET, HEAD' });
        return;
      }
      const wantsJson = request.headers.accept === 'application/json';
      answer(path, wantsJson, options).then(
        (found) => send(response, found),
        (error: unknown) => {
          options.logger.error({ err: error, path }, 'ops answer failed');
          send(response, json(500, { status: 'failed' }));
        },
      );
    },
  );
  // Of this process alone, even where workers share what they listen on (node:cluster).
  server.listen({ port: options.port, host: options.host, exclusive: true });
  await once(server, 'listening');
  return { url: urlOf(server, options.host), close: () => closeServer(server) };
}

async function answer(
  path: string,
  wantsJson: boolean,
  options: OpsServerOptions,
): Promise<Answer> {
  switch (path) {
    case '/livez':
      return report(options.liveness, 'alive', 'stuck');
    case '/readyz':
      if (options.lifecycle.draining) return json(503, { status: 'draining', checks: {} });
      return report(options.readiness, 'ready', 'not ready');
    case '/metrics': {
      const { metrics } = options;
      const exposeJson = wantsJson ? metrics.exposeJson : undefined;
      return { status: 200, ...(await (exposeJson ?? metrics.expose)()) };
    }
    default:
      return json(404, { status: 'not found', paths: ['/livez', '/readyz', '/metrics'] });
  }
}

async function report(health: Health | undefined, good: string, bad: string): Promise<Answer> {
  const { ok, checks } = (await health?.report()) ?? { ok: true, checks: {} };
  return json(ok ? 200 : 503, { status: ok ? good : bad, checks });
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function send(
  response: ServerResponse,
  { status, contentType, body }: Answer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
