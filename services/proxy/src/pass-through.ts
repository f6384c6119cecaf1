import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import { AppError } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { dropHopByHop, rawHeader } from './inference/headers.ts';
import { refusals } from './inference/refusals.ts';
import type { Traffic } from './inference/session/session-relay.ts';
import type { ProxyMetrics } from './metrics.ts';
import { passUpgrade } from './pass-upgrade.ts';
import { sendError } from './server/answer.ts';
import { mark, tellForwarded } from './server/forwarded.ts';
import { isFramed, setFraming } from './server/framing.ts';
import { letBodyCome, NodeCall } from './server/node-call.ts';
import type { IsTrusted } from './server/peers.ts';
import type { UpgradeCall } from './server/upgrade/upgrade-call.ts';
import { switchingProtocols } from './upstream/answer/switching.ts';

/** Everything that is not inference, on its way to the management API. */
export interface PassThrough {
  request(request: IncomingMessage, response: ServerResponse, requestId: string): void;
  /** An offer of WebSocket. */
  upgrade(request: IncomingMessage, call: UpgradeCall, requestId: string): void;
  close(): void;
}

export interface PassThroughOptions {
  /** `http://host:port` of the API, or of the balancer in front of several. */
  readonly apiUrl: string;
  /**
   * How long an idle connection to the API is kept: well below the time after which the API (75 s) or a balancer
   * (60 s) closes it, so that no request is written into one that is about to go.
   */
  readonly idleMs: number;
  /** How long a session lasts in which nothing passes. */
  readonly sessionIdleMs: number;
  readonly isTrusted: IsTrusted;
  readonly metrics: Pick<ProxyMetrics, 'passedToApi' | 'apiSession'>;
  readonly logger: Logger;
}

/** Sends a request on; what cannot even be sent is told by `otherwise`. */
type Forward = (
  request: IncomingMessage,
  response: ServerResponse,
  otherwise: () => void,
) => Promise<void>;

interface Forwarding {
  readonly apiUrl: string;
  /** Requests whose answer has not begun, and that may be sent once more. */
  readonly repeatable: WeakSet<IncomingMessage>;
  failed(error: Error, request: IncomingMessage, response: ServerResponse): void;
}

export function createPassThrough(options: PassThroughOptions): PassThrough {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: options.idleMs });
  const repeatable = new WeakSet<IncomingMessage>();
  const failed = (error: Error, request: IncomingMessage, response: ServerResponse): void => {
    if (repeatable.delete(request) && isToBeRepeated(error, response)) {
      send(onNew, request, response);
      return;
    }
    const requestId = String(request.headers['x-request-id'] ?? '');
    options.logger.warn({ err: error, requestId }, 'api cannot be reached');
    refuse(request, response, requestId);
  };
  const forwarding = { apiUrl: options.apiUrl, repeatable, failed };
  const onKept = createForward(forwarding, agent);
  const onNew = createForward(forwarding, false);
  return {
    request: (request, response, requestId) => {
      letBodyCome(request, response);
      setFraming(request);
      dropHopByHop(request.headers);
      tellForwarded(request, options.isTrusted);
      mark(request, requestId);
      response.setHeader('x-request-id', requestId);
      const mayRepeat = isRepeatable(request);
      if (mayRepeat) repeatable.add(request);
      send(mayRepeat ? onKept : onNew, request, response);
    },
    upgrade: (request, call, requestId) => {
      const { headers } = request;
      dropHopByHop(headers);
      tellForwarded(request, options.isTrusted);
      mark(request, requestId);
      // The key of a page is for us to read: where everybody reads it.
      headers.authorization = call.header('authorization');
      headers['sec-websocket-protocol'] = rawHeader(call.rawHeaders, 'sec-websocket-protocol');
      // Nobody answers it between here and the api.
      headers.expect = undefined;
      const traffic = countSession(call, options.metrics);
      passUpgrade(call, {
        traffic,
        options: { ...urlToHttpOptions(new URL(options.apiUrl)), agent: false },
        path: request.url ?? '/',
        headers,
        idleMs: options.sessionIdleMs,
        headersOf: (answered) => {
          dropHopByHop(answered);
          return { ...answered, 'x-request-id': requestId };
        },
        failed: (error) => {
          options.logger.warn({ err: error, requestId }, 'api cannot be reached');
          sendError(call, requestId, apiAway());
        },
      });
    },
    close: () => agent.destroy(),
  };
}

/** Counts what passes and how long that lasts, once the api has taken the offer. */
function countSession(call: UpgradeCall, metrics: PassThroughOptions['metrics']): Traffic {
  const since = performance.now();
  const isSession = (): boolean => call.status === switchingProtocols;
  call.onceClosed(() => {
    if (isSession()) metrics.apiSession((performance.now() - since) / 1000);
  });
  return {
    passed: (direction, bytes) => {
      if (isSession()) metrics.passedToApi(direction, bytes);
    },
  };
}

/** @param agent keeps connections; false: a new one for every request */
function createForward({ apiUrl, repeatable, failed }: Forwarding, agent: Agent | false): Forward {
  return createProxyMiddleware<IncomingMessage, ServerResponse>({
    target: apiUrl,
    agent,
    // The default plugins answer errors in plain text; ours is the one envelope.
    ejectPlugins: true,
    plugins: [
      (server) => {
        server.on('proxyReq', (attempt, request) => {
          // Bytes that nobody announced would be the next request on this connection.
          const unannounced = () => {
            repeatable.delete(request);
            attempt.destroy();
          };
          if (!isFramed(request)) request.once('data', unannounced);
        });
        server.on('proxyRes', ({ headers }, request, response) => {
          repeatable.delete(request);
          dropHopByHop(headers);
          // The api's connection is not the client's: what becomes of that, its client and we have said.
          headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
        });
        server.on('error', (error, request, response) => {
          if (request !== undefined && response !== undefined && 'writeHead' in response) {
            failed(error, request, response);
          }
        });
      },
    ],
  });
}

function send(forward: Forward, request: IncomingMessage, response: ServerResponse): void {
  void forward(request, response, () => {
    if (response.headersSent || response.closed) return;
    const requestId = String(request.headers['x-request-id']);
    sendError(new NodeCall(request, response), requestId, refusals.notFound());
  });
}

/**
 * Whether it changes nothing and can be said twice (RFC 9110 §9.2.2). Everything else goes over a connection of its
 * own: on a kept one nobody can tell a request that was not read from one that was carried out, when an api that is
 * started again closes it at this very moment.
 */
function isRepeatable(request: IncomingMessage): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && !isFramed(request);
}

/** Whether to send it once more: the api went away before it said a word, and another one may be there. */
function isToBeRepeated(
  error: Error & { readonly code?: string },
  response: ServerResponse,
): boolean {
  const wentAway = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return wentAway && !response.headersSent && !response.closed;
}

function refuse(request: IncomingMessage, response: ServerResponse, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The rest of the body is of no more use to anybody.
  request.resume();
  if (!request.complete) response.shouldKeepAlive = false;
  sendError(new NodeCall(request, response), requestId, apiAway());
}

function apiAway(): AppError {
  const message = 'The management API cannot be reached.';
  return new AppError('upstream_error', message, { retryAfterSeconds: 2 });
}
