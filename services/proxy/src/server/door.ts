import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { headProblem } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';
import { endUnlessRead, type ListenPlace, listenOptions, requestId } from '@wakefield/runtime';
import { refusals } from '../inference/refusals.ts';
import { sendError } from './answer.ts';
import { classify, hostOf, isOfServices, originForm } from './classify.ts';
import { createClientErrors } from './client-errors.ts';
import { createConnections } from './connections.ts';
import { createFront, type Front, type FrontOptions } from './front/front.ts';
import { NodeCall } from './node-call.ts';
import { refuseSocket } from './raw-answer.ts';
import { countAtEnd, type Rooms, serve } from './serve.ts';
import { refuseOffer } from './upgrade/refuse-offer.ts';
import { createUpgrades, type Upgrades } from './upgrade/upgrades.ts';

export interface DoorLimits {
  /** Connections at once. */
  readonly mostConnections: number;
  /** Requests of a connection that wait for their answers: it ends with the one that makes them so many. */
  readonly mostPipelined: number;
  /** Of a request's head: what is larger is told 431. */
  readonly mostHeadBytes: number;
  /** Until the last byte of a request's head. */
  readonly headersTimeoutMs: number;
  /** Until the last byte of a request; longer than the body limit of inference, which answers by itself. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays; longer than that of load balancers in front (60 s). */
  readonly keepAliveTimeoutMs: number;
  /** A client that takes nothing of what waits for it for so long is cut off; it may have twice as long. */
  readonly stallMs: number;
  /**
   * How long a connection may be idle once no more are accepted, one that was opened ahead, too. Its client was not
   * told yet that it ends, and a request may be on the way: who asks within that time gets an answer, and
   * `Connection: close` with it.
   */
  readonly lingerMs: number;
}

export interface DoorOptions extends Rooms {
  readonly limits: DoorLimits;
  /** Whether plain requests are read by the front, and not by node:http. */
  readonly hasFront: boolean;
  /** Largest body that the front reads. */
  readonly mostBodyBytes: number;
}

/** The public HTTP server: sorts requests and hands them on. */
export interface Door {
  /** @returns the port */
  listen(place: ListenPlace): Promise<number>;
  /** Connections that are open. */
  readonly open: number;
  /**
   * Says `Connection: close` on every answer from now on. Resolves after the delay, or when it is aborted; accepts
   * until `drain`.
   */
  retire(delayMs: number, hurry: AbortSignal): Promise<void>;
  /** Accepts no more connections, and closes those on which nothing is under way when they have lingered. */
  drain(): void;
  /** Resolves when every connection is gone. */
  closed(): Promise<void>;
  /** Ends whatever is left. */
  destroy(): void;
}

export function createDoor(options: DoorOptions): Door {
  const gone = Promise.withResolvers<void>();
  const connections = createConnections(
    () => performance.now(),
    options.limits,
    options.metrics.connectionEnded,
  );
  let draining = false;
  let sweep: NodeJS.Timeout | undefined;
  let stalls: NodeJS.Timeout | undefined;

  const handle: RequestListener = (request, response) => {
    const client = new NodeCall(request, response);
    if (!connections.asked(request.socket, client)) return;
    if (draining || request.headers.upgrade !== undefined) client.endConnection();
    const id = requestId(request.headers['x-request-id']);
    const problem = headProblem(request) ?? readTarget(request);
    if (problem !== null) {
      refuseForGood(options, client, id, problem);
      return;
    }
    dispatch(options, request, response, client, id);
  };

  const upgrades = createUpgrades(options, connections, readTarget, () => draining);
  const server = createServer(serverOptions(options.limits, upgrades), handle);
  server.on('upgrade', upgrades.take);
  server.on('timeout', endUnlessRead);
  // `100 Continue` is sent when the body is really wanted.
  server.on('checkContinue', handle);
  server.on('checkExpectation', (request, response) => {
    const client = new NodeCall(request, response);
    if (!connections.asked(request.socket, client)) return;
    const id = requestId(request.headers['x-request-id']);
    refuseForGood(options, client, id, unknownExpectation());
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    const refusal = new AppError('method_not_allowed', 'This is no forward proxy.');
    refuseSocket(socket, refusal);
  });
  const failed = createClientErrors(connections, options.metrics);
  server.on('clientError', failed);
  const front = options.hasFront
    ? putBefore(server, {
        ...options,
        rooms: options,
        connections,
        isRetired: () => draining,
        failed,
      })
    : null;
  if (front === null) server.on('connection', connections.opened);

  return {
    listen: (place) => {
      stalls = setInterval(connections.endStalled, options.limits.stallMs).unref();
      return listen(server, place);
    },
    get open() {
      return connections.size;
    },
    retire: async (delayMs, signal) => {
      draining = true;
      connections.retire();
      connections.endIdle(Number.POSITIVE_INFINITY);
      if (delayMs > 0) await wait(delayMs, undefined, { signal }).catch(() => undefined);
    },
    drain: () => {
      draining = true;
      // That of node:http ends idle connections at once, under the request that may be on its way.
      NetServer.prototype.close.call(server, () => gone.resolve());
      const endIdle = () => connections.endIdle(options.limits.lingerMs);
      endIdle();
      // Streams whose head said keep-alive become idle connections when they end.
      sweep = setInterval(endIdle, 50);
    },
    closed: () => gone.promise,
    destroy: () => {
      clearInterval(sweep);
      clearInterval(stalls);
      server.close();
      server.closeAllConnections();
      front?.destroy();
      upgrades.destroy();
    },
  };
}

function serverOptions(limits: DoorLimits, upgrades: Upgrades) {
  return {
    noDelay: true,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: limits.mostHeadBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs),
    // Checked by us, to answer in the one envelope.
    requireHostHeader: false,
    // Whatever NODE_OPTIONS say.
    insecureHTTPParser: false,
    // Other offers are ignored, as RFC 9110 §7.8 allows. Node loses what came behind one in the same packet (llhttp
    // stops there), so such a request is the last of its connection.
    shouldUpgradeCallback: upgrades.isTaken,
  };
}

/** The server listens and accepts as before; what it accepts comes to the front first. */
function putBefore(server: Server, options: Omit<FrontOptions, 'yieldToNode'>): Front {
  const [own] = server.listeners('connection');
  if (own === undefined) throw new Error('node:http does not listen to its connections');
  server.removeAllListeners('connection');
  const front = createFront({ ...options, yieldToNode: (socket) => own.call(server, socket) });
  server.on('connection', front.take);
  return front;
}

async function listen(server: Server, place: ListenPlace): Promise<number> {
  server.listen(listenOptions(place));
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : place.port;
}

/** Hands a request on to whom it is for. */
function dispatch(
  rooms: Rooms,
  request: IncomingMessage,
  response: ServerResponse,
  client: NodeCall,
  id: string,
): void {
  const destination = classify(client.method, request.url ?? '/');
  if (destination.kind === 'realtime') {
    refuseOffer(rooms, client, id, request);
    return;
  }
  if (isOfServices(destination)) rooms.services.request(request, response, destination, id);
  else if (destination.kind !== 'api') {
    serve(rooms, client, destination, id);
    return;
  } else if (rooms.services.isVisit(request)) sendError(client, id, refusals.notFound());
  else rooms.passThrough.request(request, response, id);
  countAtEnd(rooms, client, destination);
}

/** Leaves the path of the request target in `url`, and its host, if it has one, in the headers (RFC 9112 §3.2.2). */
function readTarget(request: IncomingMessage): AppError | null {
  const target = request.url ?? '/';
  const host = hostOf(target);
  if (host === '') return new AppError('invalid_request', 'The target of the request has no host.');
  if (host !== null) request.headers.host = host;
  request.url = originForm(target);
  return null;
}

/** What comes behind such a request cannot be told: the connection ends with the answer. */
function refuseForGood({ metrics }: Rooms, client: NodeCall, id: string, error: AppError): void {
  client.endConnection();
  sendError(client, id, error);
  metrics.request('other', client.status);
}

function unknownExpectation(): AppError {
  const message = 'Only the expectation 100-continue is understood.';
  return new AppError('invalid_request', message, { param: 'expect' });
}
