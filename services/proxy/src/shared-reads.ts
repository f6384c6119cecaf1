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
 * Lets a socket read into one buffer that all of them share, which is over before the next one reads. By itself `net` makes a
 * buffer of 64 KiB for each read, and a copy of what is in it, and has V8 count both until it collects its whole heap. It has such a
 * buffer as an option (`onread`) of connections that it opens, and only where whoever reads is known before: none of ours are.
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
  tellOf(socket as unknown as Inside, (bytes) => intoStream(socket, bytes));
  Object.assign(socket, { pause: pauseStream });
}

/** Puts what came where it waits for who reads the stream: memory of its own, as it may be for long. @returns whether more is to be read */
export function intoStream(socket: Socket, view: Buffer): boolean {
  const bytes = Buffer.allocUnsafeSlow(view.length);
  bytes.set(view);
  return socket.push(bytes);
}

/**
 * Pauses as a stream does: it is read from until it is full, and hears until then that the other side left. With a shared
 * buffer `net` stops to read at once. Each `resume` reads once, however full it is.
 */
export const { pause: pauseStream } = Duplex.prototype;

function tellOf(inside: Inside, take: Take): void {
  if (callbackSymbol === undefined) return;
  inside[callbackSymbol] = (length: number) => take(shared.subarray(0, length));
}
