import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** As much as Node reads at once by itself. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** Where what comes on a socket goes; a view of bytes that are others when it returns. False: no more is to be read for now. */
type Take = (bytes: Buffer) => unknown;

interface Inside {
  [symbol: symbol]: unknown;
  readonly _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null;
}

/** By what `net` keeps the buffer of its option `onread`, and whom it tells of what came. */
const [bufferSymbol, callbackSymbol] = ['kBuffer', 'kBufferCb'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
);

/**
 * Lets a socket read into one buffer that all of them share, which is over before the next one reads. `net` has that for
 * connections that it opens (`onread`), and not for those that it accepts: by itself it makes a buffer of 64 KiB for each read,
 * and a copy of what is in it, and has V8 count both until it collects its whole heap.
 * @returns whether it does; else `data` brings what comes, as ever
 */
export function readShared(socket: Socket, take: Take): boolean {
  const inside = socket as unknown as Inside;
  if (bufferSymbol === undefined || callbackSymbol === undefined) return false;
  if (inside._handle?.useUserBuffer === undefined) return false;
  inside[bufferSymbol] = shared;
  tellOf(inside, take);
  inside._handle.useUserBuffer(shared);
  return true;
}

/** From here on what comes is in the stream again, for whoever listens to that. */
export function readAsStream(socket: Socket): void {
  tellOf(socket as unknown as Inside, (bytes) => socket.push(Buffer.from(bytes)));
  // With such a buffer `net` stops to read at once: a stream does when it is full, and hears until then that its client left.
  Object.assign(socket, { pause: Duplex.prototype.pause });
}

function tellOf(inside: Inside, take: Take): void {
  if (callbackSymbol === undefined) return;
  inside[callbackSymbol] = (length: number) => take(shared.subarray(0, length));
}
