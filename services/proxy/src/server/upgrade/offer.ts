import type { IncomingMessage } from 'node:http';
import { AppError } from '@wakefield/domain';

/** The only version that there is (RFC 6455 §4.1). */
export const webSocketVersion = '13';
/** 16 bytes in base64 (RFC 6455 §4.1). */
const nonce = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** What tells an offer of WebSocket from other requests. */
export type OfferHead = Pick<IncomingMessage, 'method' | 'httpVersion' | 'headers' | 'rawHeaders'>;

/** Whether WebSocket is asked for at all, well or badly. */
function asksForWebSocket({ headers }: Pick<OfferHead, 'headers'>): boolean {
  return names(headers.upgrade, 'websocket');
}

/**
 * What is wrong with an offer of WebSocket; null: nothing (RFC 6455 §4.2.1). Strict, because what comes behind an offer
 * that one server takes and another does not is read in two ways.
 */
export function offerProblem(head: OfferHead): AppError | null {
  const { method, httpVersion, headers, rawHeaders } = head;
  if (!asksForWebSocket(head) || !names(headers.connection, 'upgrade')) return notOffered();
  if (method !== 'GET' || httpVersion !== '1.1') return notOffered();
  if (isFramed(headers)) return broken('content-length', 'An offer of WebSocket has no body.');
  if (count(rawHeaders, 'upgrade') !== 1) {
    return broken('upgrade', 'Offer WebSocket, and nothing else, once.');
  }
  if (headers['sec-websocket-version'] !== webSocketVersion) return notOffered();
  const key = headers['sec-websocket-key'];
  if (key === undefined || !nonce.test(key) || count(rawHeaders, 'sec-websocket-key') !== 1) {
    return broken('sec-websocket-key', 'Sec-WebSocket-Key has to be 16 bytes in base64, once.');
  }
  return null;
}

function notOffered(): AppError {
  const message = `This path speaks WebSocket, version ${webSocketVersion}: offer it by GET in HTTP/1.1.`;
  return new AppError('upgrade_required', message);
}

function broken(param: string, message: string): AppError {
  return new AppError('invalid_request', message, { param });
}

function isFramed(headers: OfferHead['headers']): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

function names(list: string | undefined, word: string): boolean {
  return list?.split(',').some((one) => one.trim().toLowerCase() === word) ?? false;
}

function count(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((raw, index) => index % 2 === 0 && raw.toLowerCase() === name).length;
}
