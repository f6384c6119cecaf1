import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '@wakefield/domain';
import { type Logger, parseTraceparent, traceContext, traceparent } from '@wakefield/runtime';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { dropHopByHop } from './inference/headers.ts';
import { letBodyCome, sendError } from './server/answer.ts';
import { refuseSocket } from './server/raw-answer.ts';

/** Everything that is not inference, on its way to the management API. */
export interface PassThrough {
  request(request: IncomingMessage, response: ServerResponse, requestId: string): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, requestId: string): void;
  close(): void;
}

/** @param apiUrl `http://host:port` of the API, or of the balancer in front of several */
export function createPassThrough(apiUrl: string, logger: Logger): PassThrough {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const forward = createProxyMiddleware<IncomingMessage, ServerResponse>({
    target: apiUrl,
    agent,
    // Adds x-forwarded-for, -port, -proto and -host, so that the API knows where it is seen.
    xfwd: true,
    // The default plugins answer errors in plain text; ours is the one envelope.
    ejectPlugins: true,
    plugins: [
      (server) => {
        // The api's connection is not the client's; our server says what becomes of that.
        server.on('proxyRes', ({ headers }) => dropHopByHop(headers));
        server.on('error', (error, request, response) => {
          const id = String(request?.headers['x-request-id'] ?? '');
          logger.warn({ err: error, requestId: id }, 'api cannot be reached');
          if (response === undefined) return;
          refuse(response, id);
        });
      },
    ],
  });
  return {
    request: (request, response, requestId) => {
      letBodyCome(request, response);
      dropHopByHop(request.headers);
      mark(request, requestId);
      response.setHeader('x-request-id', requestId);
      void forward(request, response);
    },
    upgrade: (request, socket, head, requestId) => {
      mark(request, requestId);
      if (socket instanceof Socket) forward.upgrade(request, socket, head);
      else socket.destroy();
    },
    close: () => agent.destroy(),
  };
}

/** One request is one id and one trace on both sides. */
function mark(request: IncomingMessage, requestId: string): void {
  const { headers } = request;
  headers['x-request-id'] = requestId;
  if (parseTraceparent(headers.traceparent) === null) {
    headers.traceparent = traceparent(traceContext(undefined));
  }
}

function refuse(response: ServerResponse | Duplex, requestId: string): void {
  const error = new AppError('upstream_error', 'The management API cannot be reached.', {
    retryAfterSeconds: 2,
  });
  if (!('writeHead' in response)) refuseSocket(response, error, requestId);
  else if (response.headersSent) response.destroy();
  else sendError(response, requestId, error);
}
