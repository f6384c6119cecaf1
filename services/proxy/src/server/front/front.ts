import type { Socket } from 'node:net';
import { requestId } from '@wakefield/runtime';
import type { YieldReason } from '../../metrics.ts';
import { classify } from '../classify.ts';
import type { ClientError } from '../client-errors.ts';
import type { Connections } from '../connections.ts';
import type { DoorLimits } from '../door.ts';
import { type Rooms, serve } from '../serve.ts';
import { connectionWords } from './answer-head.ts';
import type { FrontCall } from './front-call.ts';
import { FrontConnection } from './front-connection.ts';
import type { FrontDestination, House } from './house.ts';
import type { Head } from './read-head.ts';

/** Reads the requests that clients really send from bare sockets; what else comes goes to node:http untouched. */
export interface Front {
  /** Takes a connection that was just accepted. */
  take(socket: Socket): void;
  /** Ends what is left. */
  destroy(): void;
}

export interface FrontOptions {
  readonly rooms: Rooms;
  readonly limits: DoorLimits;
  /** Largest body that is read here. */
  readonly mostBodyBytes: number;
  readonly connections: Connections;
  /** Whether connections end with their next answers. */
  readonly isRetired: () => boolean;
  /** Makes it a connection of node:http. */
  readonly yieldToNode: (socket: Socket) => void;
  readonly failed: (error: ClientError, socket: Socket) => void;
}

/** Node keeps idle connections for so much longer than it tells their clients: one may just be asking. */
const graceMs = 1000;
const longestBetweenLooksMs = 1000;

export function createFront(options: FrontOptions): Front {
  const { limits, rooms, connections } = options;
  const open = new Set<FrontConnection>();
  const everyMs = Math.ceil(
    Math.min(longestBetweenLooksMs, limits.keepAliveTimeoutMs / 4, limits.headersTimeoutMs / 4),
  );
  const looksOf = (lengthMs: number) => Math.ceil(lengthMs / everyMs) + 1;
  const house = {
    looks: 0,
    patience: {
      head: looksOf(limits.headersTimeoutMs),
      request: looksOf(limits.requestTimeoutMs),
      idle: looksOf(limits.keepAliveTimeoutMs + graceMs),
    },
    words: connectionWords(limits.keepAliveTimeoutMs),
    mostBodyBytes: options.mostBodyBytes,
    get isRetired() {
      return options.isRetired();
    },
    destinationOf,
    serve: (call: FrontCall, destination: FrontDestination) => {
      serve(rooms, call, destination, requestId(call.header('x-request-id')));
    },
    yieldToNode: (socket: Socket, why: YieldReason) => {
      rooms.metrics.yielded(why);
      options.yieldToNode(socket);
    },
    failed: options.failed,
    left: (connection: FrontConnection) => open.delete(connection),
  } satisfies House;
  // Looks are counted instead of milliseconds: while this process stands still, nobody is late.
  const timer = setInterval(() => {
    house.looks += 1;
    for (const connection of open) connection.look();
  }, everyMs).unref();
  return {
    take: (socket) => {
      open.add(new FrontConnection(house, socket, connections.opened(socket)));
    },
    destroy: () => {
      clearInterval(timer);
      for (const connection of open) connection.destroy();
    },
  };
}

function destinationOf({ method, target }: Head): FrontDestination | null {
  const destination = classify(method, target);
  const { kind } = destination;
  return kind === 'inference' || kind === 'models' || kind === 'health' ? destination : null;
}
