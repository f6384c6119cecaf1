import { request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DurationMs } from '@wakefield/domain';
import { dropHopByHop, rawHeader } from './inference/headers.ts';
import type { UpgradeCall } from './server/upgrade/upgrade-call.ts';
import { switchingProtocols } from './upstream/answer/switching.ts';

/** Before anything was answered. */
type Failed = (error: Error) => void;

/**
 * Offers WebSocket to the api on behalf of a client. What the api answers is the answer, whether it takes the offer or
 * not; then bytes pass both ways, and whoever reads slowly holds the other side up.
 * @param headers for the api; those of the connection are written here
 * @param idleMs how long a session lasts in which nothing passes, in neither direction
 */
export function passUpgrade(
  apiUrl: string,
  { url = '/' }: IncomingMessage,
  headers: IncomingHttpHeaders,
  call: UpgradeCall,
  requestId: string,
  idleMs: DurationMs,
  failed: Failed,
): void {
  // The key of a page is for us to read: where everybody reads it.
  headers.authorization = call.header('authorization');
  headers['sec-websocket-protocol'] = rawHeader(call.rawHeaders, 'sec-websocket-protocol');
  // Nobody answers it between here and the api.
  headers.expect = undefined;
  const sent = { ...withoutMissing(headers), connection: 'Upgrade', upgrade: 'websocket' };
  // One connection for each, which never becomes another request's.
  const attempt = ask(new URL(apiUrl), { method: 'GET', path: url, headers: sent, agent: false });
  attempt.once('upgrade', (answer, socket, first) => {
    call.writeHead(switchingProtocols, headersOf(answer, requestId));
    // Bytes that the api does not take are none that pass: it is not waited for, either.
    if (Number.isFinite(idleMs)) (socket as Socket).setTimeout(idleMs, () => call.cutOff());
    join(call, socket, first);
  });
  attempt.once('response', (answer) => {
    call.writeHead(answer.statusCode ?? 502, headersOf(answer, requestId));
    answer.on('data', (piece: Buffer) => give(piece, call, answer));
    answer.once('close', () => (answer.complete ? call.end() : call.cutOff()));
  });
  attempt.on('error', (error) => {
    if (call.headersSent) call.cutOff();
    else failed(error);
  });
  call.onceClosed(() => attempt.destroy());
  attempt.end();
}

function join(call: UpgradeCall, socket: Duplex, first: Buffer): void {
  call.onceClosed(() => socket.destroy());
  if (first.length > 0) give(first, call, socket);
  socket.on('data', (piece: Buffer) => give(piece, call, socket));
  socket.once('end', () => call.end());
  socket.on('error', () => call.cutOff());
  socket.once('close', () => call.end());
  call.read({
    piece: (bytes) => {
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
  if (call.write(piece)) return;
  source.pause();
  call.onceDrained(() => source.resume());
}

/** Names and values by turns. What becomes of the client's connection is said by whoever writes to it. */
function headersOf({ headers }: IncomingMessage, requestId: string): string[] {
  dropHopByHop(headers);
  const flat = ['x-request-id', requestId];
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'x-request-id' || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, one);
  }
  return flat;
}

function withoutMissing(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}
