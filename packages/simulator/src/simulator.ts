import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine, type Engine } from './engine.ts';
import { EngineError, errorPayload } from './engine-error.ts';
import { ClientGone, sendJson } from './http.ts';
import { defaultOptions, type SimulatorOptions } from './options.ts';
import { createPrefixCache } from './prefix-cache.ts';
import { createRealtime } from './realtime.ts';
import { type Generated, hasKey, type RouteContext, route } from './routes.ts';

/** A simulated engine that listens. */
export interface Simulator {
  readonly url: string;
  readonly port: number;
  /** Ends it as SIGTERM ends the imitated engine; resolves when nothing listens any more. */
  shutdown(): Promise<void>;
  /** Ends it at once, connections and all. */
  close(): Promise<void>;
}

/**
 * Starts a simulated engine in this process. Loading and the failure modes `start` and `load` are the
 * process's business (main.ts); here it serves at once.
 * @param onDeath called when failure mode `serve` kills the engine
 * @param onGenerated called when an answer is over, however
 * @throws the listen error, e.g. EADDRINUSE
 */
export async function startSimulator(
  given: Partial<SimulatorOptions> = {},
  onDeath: () => void = () => {},
  onGenerated: (generated: Generated) => void = () => {},
): Promise<Simulator> {
  const options = { ...defaultOptions, port: 0, ...given };
  const engine = createEngine(options, { onDeath });
  let draining = false;
  const prefixes = createPrefixCache();
  const context: RouteContext = {
    options,
    engine,
    draining: () => draining,
    prefixes,
    onGenerated,
  };
  const server = createServer((request, response) => {
    route(context, request, response).catch((error: unknown) => {
      refuse(options, response, error);
    });
  });
  const realtime = createRealtime(options, engine);
  server.on('upgrade', (request, socket, head) => {
    const isThere = options.dialect === 'vllm' && request.url?.split('?')[0] === '/v1/realtime';
    // What uvicorn answers to a handshake that the application refuses.
    if (!isThere || !hasKey(options, request)) socket.end(refusedUpgrade);
    else realtime.upgrade(request, socket, head);
  });
  // uvicorn closes idle connections after 5 s; whoever pools connections has to live with that.
  server.keepAliveTimeout = 5000;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;

  return {
    url: `http://${host}:${port}`,
    port,
    async shutdown() {
      draining = true;
      await drain(engine, options);
      realtime.close();
      await closeServer(server, false);
    },
    close: () => {
      realtime.close();
      return closeServer(server, true);
    },
  };
}

const refusedUpgrade = 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

/**
 * vLLM (v1/engine/core.py): with a timeout, running requests may finish while new ones are answered with
 * `abort`; without one, all are cut at once. SGLang waits without limit and goes on accepting.
 */
async function drain(engine: Engine, options: SimulatorOptions): Promise<void> {
  const limit = options.dialect === 'sglang' ? Number.POSITIVE_INFINITY : options.shutdownTimeout;
  if (options.dialect === 'vllm') engine.refuse();
  const until = performance.now() + limit * 1000;
  while (engine.inFlight > 0 && performance.now() < until) await sleep(10);
  engine.cut();
  while (engine.inFlight > 0) await sleep(5);
}

function refuse(options: SimulatorOptions, response: ServerResponse, error: unknown): void {
  if (error instanceof ClientGone || response.destroyed) return;
  const known =
    error instanceof EngineError
      ? error
      : new EngineError(500, 'InternalServerError', 'Internal server error');
  if (response.headersSent) response.destroy();
  else sendJson(response, known.status, errorPayload(options.dialect, known));
}

function listen(server: Server, { host, port }: SimulatorOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Answered connections get a moment to take their last bytes. */
function closeServer(server: Server, atOnce: boolean): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), atOnce ? 0 : 250);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
