import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@wakefield/domain';
import { requestId } from '@wakefield/runtime';
import type { Inference } from '../inference/inference.ts';
import { refusals } from '../inference/refusals.ts';
import type { ProxyMetrics, RouteClass } from '../metrics.ts';
import type { PassThrough } from '../pass-through.ts';
import { sendError, sendJson } from './answer.ts';
import { classify, type Destination } from './classify.ts';
import { refuseSocket } from './raw-answer.ts';

export interface DoorLimits {
  /** Until the last byte of a request's head. */
  readonly headersTimeoutMs: number;
  /** Until the last byte of a request; longer than the body limit of inference, which answers by itself. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays; longer than that of load balancers in front (60 s). */
  readonly keepAliveTimeoutMs: number;
}

export interface DoorOptions {
  readonly inference: Inference;
  readonly passThrough: PassThrough;
  readonly metrics: ProxyMetrics;
  readonly version: string;
  readonly apiVersion: string;
  readonly limits: DoorLimits;
}

/** The public HTTP server: sorts requests and hands them on. */
export interface Door {
  /** @returns the port */
  listen(host: string, port: number): Promise<number>;
  /** Accepts no more connections, closes idle ones, and says `Connection: close` on every answer from now on. */
  drain(): void;
  /** Resolves when every connection is gone. */
  closed(): Promise<void>;
  /** Ends whatever is left. */
  destroy(): void;
}

export function createDoor(options: DoorOptions): Door {
  const { limits, metrics } = options;
  const gone = Promise.withResolvers<void>();
  let draining = false;
  let sweep: NodeJS.Timeout | undefined;

  const handle: RequestListener = (request, response) => {
    if (draining) response.shouldKeepAlive = false;
    const id = requestId(request.headers['x-request-id']);
    serve(options, request, response, id);
  };

  const server = createServer(
    {
      noDelay: true,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs),
      // Offers of other protocols (h2c) are ignored, as RFC 9110 §7.8 allows; WebSockets go to the API.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    handle,
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // `100 Continue` is sent when the body is really wanted. Who is refused by the head alone may or may not
    // send it then, so that the connection is of no further use (RFC 9110 §10.1.1).
    response.shouldKeepAlive = false;
    handle(request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const id = requestId(request.headers['x-request-id']);
    const message = 'Only the expectation 100-continue is understood.';
    sendError(response, id, new AppError('invalid_request', message, { param: 'expect' }));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(options, request, socket, head, draining);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuseSocket(socket, new AppError('method_not_allowed', 'This is no forward proxy.'));
  });
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    metrics.request('other', refuseSocket(socket, clientErrorOf(error)));
  });

  return {
    listen: async (host, port) => {
      server.listen(port, host);
      await once(server, 'listening');
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    drain: () => {
      draining = true;
      server.close(() => gone.resolve());
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

function serve(
  options: DoorOptions,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): void {
  const destination = classify(request.method ?? 'GET', request.url ?? '/');
  switch (destination.kind) {
    case 'inference': {
      const { project, operation, path } = destination;
      const startedAt = performance.now();
      options.inference.handle({
        request,
        response,
        requestId: id,
        project,
        operation,
        path,
        startedAt,
      });
      return;
    }
    case 'api':
      options.passThrough.request(request, response, id);
      break;
    default:
      answer(options, destination, request, response, id);
  }
  const route = routeClassOf(destination);
  response.once('close', () => {
    options.metrics.request(route, response.writableFinished ? response.statusCode : 499);
  });
}

function answer(
  options: DoorOptions,
  destination: Exclude<Destination, { kind: 'inference' | 'api' }>,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): void {
  switch (destination.kind) {
    case 'health':
      sendJson(response, id, 200, {
        status: 'OK',
        version: options.version,
        api_version: options.apiVersion,
      });
      return;
    case 'models': {
      const { project, id: model } = destination;
      void options.inference.models({ request, response, requestId: id, project }, model);
      return;
    }
    case 'wrong_method':
      sendError(response, id, refusals.wrongMethod(destination.allow), {
        allow: destination.allow,
      });
      return;
    case 'unknown':
      sendError(response, id, refusals.notFound());
  }
}

function upgrade(
  options: DoorOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  draining: boolean,
): void {
  const { kind } = classify(request.method ?? 'GET', request.url ?? '/');
  const id = requestId(request.headers['x-request-id']);
  options.metrics.request('websocket', 101);
  if (draining) refuseSocket(socket, refusals.shuttingDown(), id);
  else if (kind === 'api') options.passThrough.upgrade(request, socket, head, id);
  else refuseSocket(socket, refusals.notFound(), id);
}

function routeClassOf(destination: Destination): RouteClass {
  const { kind } = destination;
  return kind === 'health' || kind === 'models' || kind === 'api' ? kind : 'other';
}

function clientErrorOf(error: Error & { code?: string }): AppError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AppError('request_timeout', 'The request did not arrive in time.');
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new AppError('invalid_request', 'The headers of the request are too large.');
  }
  return new AppError('invalid_request', 'This is not a well-formed HTTP request.');
}
