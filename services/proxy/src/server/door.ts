import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '@wakefield/domain';
import { requestId } from '@wakefield/runtime';
import { refusals } from '../inference/refusals.ts';
import { sendError } from './answer.ts';
import { originForm } from './classify.ts';
import { createClientErrors } from './client-errors.ts';
import { refuseSocket } from './raw-answer.ts';
import { type Rooms, serve, upgrade } from './serve.ts';

export interface DoorLimits {
  /** Until the last byte of a request's head. */
  readonly headersTimeoutMs: number;
  /** Until the last byte of a request; longer than the body limit of inference, which answers by itself. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays; longer than that of load balancers in front (60 s). */
  readonly keepAliveTimeoutMs: number;
}

export interface DoorOptions extends Rooms {
  readonly limits: DoorLimits;
}

/** The public HTTP server: sorts requests and hands them on. */
export interface Door {
  /** @returns the port */
  listen(host: string, port: number): Promise<number>;
  /** Says `Connection: close` on every answer from now on. Resolves after the delay; accepts until `drain`. */
  retire(delayMs: number): Promise<void>;
  /** Accepts no more connections, and closes idle ones and WebSockets, which have no end of their own. */
  drain(): void;
  /** Resolves when every connection is gone. */
  closed(): Promise<void>;
  /** Ends whatever is left. */
  destroy(): void;
}

export function createDoor(options: DoorOptions): Door {
  const gone = Promise.withResolvers<void>();
  const webSockets = new Set<Duplex>();
  const clientErrors = createClientErrors(options.metrics);
  let draining = false;
  let sweep: NodeJS.Timeout | undefined;

  const handle: RequestListener = (request, response) => {
    if (draining) response.shouldKeepAlive = false;
    clientErrors.watch(request.socket, response);
    const id = requestId(request.headers['x-request-id']);
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      response.shouldKeepAlive = false;
      sendError(response, id, refusals.noHost());
      return;
    }
    request.url = originForm(request.url ?? '/');
    serve(options, request, response, id);
  };

  const server = createServer(serverOptions(options.limits), handle);
  // `100 Continue` is sent when the body is really wanted.
  server.on('checkContinue', handle);
  server.on('checkExpectation', refuseExpectation);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    request.url = originForm(request.url ?? '/');
    webSockets.add(socket);
    socket.once('close', () => webSockets.delete(socket));
    upgrade(options, request, socket, head, draining);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuseSocket(socket, new AppError('method_not_allowed', 'This is no forward proxy.'));
  });
  server.on('clientError', clientErrors.handle);

  return {
    listen: (host, port) => listen(server, host, port),
    retire: async (delayMs) => {
      draining = true;
      if (delayMs > 0) await wait(delayMs);
    },
    drain: () => {
      draining = true;
      server.close(() => gone.resolve());
      for (const socket of webSockets) socket.destroy();
      // Streams whose head said keep-alive become idle connections when they end.
      sweep = setInterval(() => server.closeIdleConnections(), 50);
    },
    closed: () => gone.promise,
    destroy: () => {
      clearInterval(sweep);
      server.closeAllConnections();
    },
  };
}

function serverOptions(limits: DoorLimits) {
  return {
    noDelay: true,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs),
    // Checked by us, to answer in the one envelope.
    requireHostHeader: false,
    // Offers of other protocols (h2c) are ignored, as RFC 9110 §7.8 allows; WebSockets go to the API.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket',
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const message = 'Only the expectation 100-continue is understood.';
  const error = new AppError('invalid_request', message, { param: 'expect' });
  sendError(response, requestId(request.headers['x-request-id']), error);
}
