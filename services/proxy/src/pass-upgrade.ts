import { request as ask, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DurationMs } from '@wakefield/domain';
import type { Traffic } from './inference/session/session-relay.ts';
import type { UpgradeCall } from './server/upgrade/upgrade-call.ts';
import { switchingProtocols } from './upstream/answer/switching.ts';

/** An offer of WebSocket on its way to whom it is for. */
export interface Offering {
  /** Where to, and by which connection: one for each, which never becomes another request's. */
  readonly options: RequestOptions;
  /** Path and query. */
  readonly path: string;
  /** Those of the connection are written here. */
  readonly headers: IncomingHttpHeaders;
  /** How long a session lasts in which nothing passes, in neither direction. */
  readonly idleMs: DurationMs;
  /** Makes of the headers of an answer those for the client. */
  headersOf(headers: IncomingHttpHeaders): IncomingHttpHeaders;
  /** Before anything was answered. */
  failed(error: Error): void;
  /** Told of what passes; absent: nobody counts it. */
  readonly traffic?: Traffic;
}

/**
 * Offers WebSocket on behalf of a client. What is answered is the answer, whether the offer is taken or not; then bytes pass
 * both ways, and whoever reads slowly holds the other side up.
 */
export function passUpgrade(call: UpgradeCall, offering: Offering): void {
  const { path, headers, headersOf } = offering;
  const sent = { ...withoutMissing(headers), connection: 'Upgrade', upgrade: 'websocket' };
  const attempt = ask({ ...offering.options, method: 'GET', path, headers: sent });
  attempt.once('upgrade', (answer, socket, first) => {
    call.writeHead(switchingProtocols, flat(headersOf(answer.headers)));
    join(call, socket, first, offering);
  });
  attempt.once('response', (answer) => {
    try {
      call.writeHead(answer.statusCode ?? 502, flat(headersOf(answer.headers)));
    } catch (error) {
      // A status or a header that was read and cannot be written.
      attempt.destroy(error as Error);
      return;
    }
    answer.on('data', (piece: Buffer) => {
      offering.traffic?.passed('down', piece.length);
      give(piece, call, answer);
    });
    answer.once('close', () => (answer.complete ? call.end() : call.cutOff()));
  });
  attempt.on('error', (error) => {
    if (call.headersSent) call.cutOff();
    else offering.failed(error);
  });
  call.onceClosed(() => attempt.destroy());
  attempt.end();
}

function join(
  call: UpgradeCall,
  socket: Duplex,
  first: Buffer,
  { idleMs, traffic }: Offering,
): void {
  // What the other side does not take is not read of the client any more, so it does not count as passing for long.
  const idle = Number.isFinite(idleMs) ? setTimeout(() => call.cutOff(), idleMs) : undefined;
  call.onceClosed(() => {
    clearTimeout(idle);
    socket.destroy();
  });
  const down = (piece: Buffer): void => {
    traffic?.passed('down', piece.length);
    give(piece, call, socket);
  };
  if (first.length > 0) down(first);
  socket.on('data', (piece: Buffer) => {
    idle?.refresh();
    down(piece);
  });
  socket.once('end', () => call.end());
  socket.on('error', () => call.cutOff());
  socket.once('close', () => call.end());
  call.read({
    piece: (bytes) => {
      idle?.refresh();
      traffic?.passed('up', bytes.length);
      if (socket.write(bytes)) return;
      call.pause();
      socket.once('drain', () => call.resume());
    },
    end: () => socket.end(),
    lost: () => undefined,
  });
}

interface Source {
  pause(): unknown;
  resume(): unknown;
}

function give(piece: Buffer, call: UpgradeCall, source: Source): void {
  // Its client was told goodbye, and may still read that.
  if (call.isEnded || call.write(piece)) return;
  source.pause();
  call.onceDrained(() => source.resume());
}

/** Names and values by turns. */
function flat(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().flatMap((one) => [name, one]),
  );
}

function withoutMissing(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}
