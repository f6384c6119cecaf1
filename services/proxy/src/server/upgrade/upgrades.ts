import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { headProblem } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';
import { requestId } from '@wakefield/runtime';
import { refusals } from '../../inference/refusals.ts';
import { sendError } from '../answer.ts';
import { classify, type Destination, originForm } from '../classify.ts';
import type { Connections } from '../connections.ts';
import { countAtEnd, type Rooms } from '../serve.ts';
import { offerProblem } from './offer.ts';
import { UpgradeCall } from './upgrade-call.ts';

/** Offers of WebSocket that come to the door, and the connections that have been made of them. */
export interface Upgrades {
  /**
   * Whether node:http lets go of the connection. Everything else is a request like others, whatever it offers
   * (RFC 9110 §7.8).
   */
  isTaken(request: IncomingMessage): boolean;
  /** @param head what came behind the offer */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends what is left. */
  destroy(): void;
}

/** @param isDraining whether this server goes away: a session would hardly begin before it is ended */
export function createUpgrades(
  rooms: Rooms,
  connections: Pick<Connections, 'asked' | 'of'>,
  readTarget: (request: IncomingMessage) => AppError | null,
  isDraining: () => boolean,
): Upgrades {
  const open = new Set<UpgradeCall>();

  const serve = (request: IncomingMessage, call: UpgradeCall, head: Buffer): void => {
    const id = requestId(request.headers['x-request-id']);
    const problem =
      headProblem(request) ??
      readTarget(request) ??
      (head.length > 0 ? early() : null) ??
      (isDraining() ? refusals.shuttingDown() : null);
    const destination = classify('GET', request.url ?? '/');
    if (problem === null) {
      handOn(rooms, request, call, destination, id);
      return;
    }
    sendError(call, id, problem);
    rooms.metrics.request(destination.kind === 'realtime' ? 'realtime' : 'other', call.status);
  };

  return {
    isTaken: (request) => {
      const { kind } = classify(request.method ?? '', originForm(request.url ?? '/'));
      if (kind !== 'realtime' && kind !== 'service' && kind !== 'api') return false;
      if (offerProblem(request) !== null) return false;
      // Behind an answer that is not finished its own would be in the middle of that; behind the last one of its
      // connection there is none, and what node:http has made of the requests in between may still have the socket.
      const newest = connections.of(request.socket)?.newest;
      return newest === undefined || (newest.closed && !newest.isLast);
    },
    take: (request, duplex, head) => {
      // node:http says Duplex for whoever hands it something else than connections.
      const socket = duplex as Socket;
      const call = new UpgradeCall(request, socket);
      if (!connections.asked(socket, call)) {
        socket.destroy();
        return;
      }
      open.add(call);
      call.onceClosed(() => open.delete(call));
      try {
        call.begin();
        serve(request, call, head);
      } catch (error) {
        // Thrown from here it would end the process, and everybody's requests with it.
        rooms.logger.error({ err: error }, 'an offer of WebSocket met a fault of ours');
        socket.destroy();
      }
    },
    destroy: () => {
      for (const call of open) call.hangUp();
    },
  };
}

/** To inference, to a service or to the api: offers are let through to nobody else. */
function handOn(
  rooms: Rooms,
  request: IncomingMessage,
  call: UpgradeCall,
  destination: Destination,
  id: string,
): void {
  if (destination.kind === 'realtime') {
    const { project, path } = destination;
    rooms.inference.handle({
      client: call,
      session: call,
      requestId: id,
      project,
      operation: 'realtime',
      path,
      startedAt: performance.now(),
    });
    return;
  }
  if (destination.kind === 'service') {
    rooms.services.upgrade(request, call, destination, id);
    countAtEnd(rooms, call, destination);
    return;
  }
  if (rooms.services.isVisit(request)) sendError(call, id, refusals.notFound());
  else rooms.passThrough.upgrade(request, call, id);
  countAtEnd(rooms, call, { kind: 'api' });
}

/** RFC 6455 §4.1: a client waits for the answer. */
function early(): AppError {
  return new AppError('invalid_request', 'Nothing may come behind an offer before its answer.');
}
