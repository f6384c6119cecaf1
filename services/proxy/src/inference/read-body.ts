import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@wakefield/domain';
import { letBodyCome } from '../server/answer.ts';
import type { BodyShare } from './body-room.ts';
import { refusals } from './refusals.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Within each such time a body has to end, or to have grown by `leastBytes`. */
  readonly timeoutMs: number;
}

/** With a time of 60 s: 35 kbit/s. Slower than any link, and no body stays for ever by sending byte after byte. */
const leastBytes = 256 * 1024;

/** How long the slowest body may take that is let through. */
export function longestBodyMs({ maxBytes, timeoutMs }: BodyLimits): number {
  return (Math.floor(maxBytes / leastBytes) + 1) * timeoutMs;
}

/** How long we read on after a refusal, so that the client, still busy sending, gets to read our answer. */
const lingerMs = 10_000;

/**
 * Reads the whole body, or refuses it: 413 before reading when its announced length says so, and while reading
 * otherwise; 408 when it stands still; 415 when it is compressed; 503 when there is no room for it.
 * @param room whoever gets the body gives its bytes back
 * @param done called once; not at all when the client goes away before the end
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits,
  room: BodyShare,
  done: (result: Buffer | AppError) => void,
): void {
  const refusal = refuseUnread(request, limits.maxBytes);
  if (refusal !== null) {
    linger(request);
    done(refusal);
    return;
  }
  letBodyCome(request, response);
  const chunks: Buffer[] = [];
  let size = 0;
  let atLastLook = 0;
  const finish = (result: Buffer | AppError): void => {
    clearInterval(timer);
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    if (result instanceof Error) {
      room.give(size);
      linger(request);
    }
    done(result);
  };
  const onData = (chunk: Buffer): void => {
    if (size + chunk.length > limits.maxBytes) finish(tooLarge(limits.maxBytes));
    else if (!room.take(chunk.length)) finish(refusals.noRoomForBody());
    else {
      size += chunk.length;
      chunks.push(chunk);
    }
  };
  const onEnd = (): void => finish(join(chunks, size));
  const onClose = (): void => {
    clearInterval(timer);
    room.give(size);
  };
  const timer = setInterval(() => {
    if (size - atLastLook >= leastBytes) atLastLook = size;
    else finish(new AppError('request_timeout', 'The request body did not arrive in time.'));
  }, limits.timeoutMs);
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}

function join(chunks: readonly Buffer[], size: number): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

/** Reads and drops what is still coming, for a while: closing at once would take our answer with it. */
function linger(request: IncomingMessage): void {
  const timer = setTimeout(() => request.socket.destroy(), lingerMs);
  const stop = (): void => clearTimeout(timer);
  request.once('end', stop).once('close', stop).resume();
}

function refuseUnread(request: IncomingMessage, maxBytes: number): AppError | null {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return new AppError('unsupported_media_type', 'Compressed request bodies are not supported.', {
      param: 'content-encoding',
    });
  }
  const announced = request.headers['content-length'];
  return announced !== undefined && Number(announced) > maxBytes ? tooLarge(maxBytes) : null;
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'payload_too_large',
    `The request body is larger than the limit of ${maxBytes} bytes.`,
  );
}
