import { AppError } from '@wakefield/domain';
import { memoryFor, reuse } from '../body-memory.ts';
import { FewPieces } from '../few-pieces.ts';
import type { BodyReader, ClientCall } from '../server/client-call.ts';
import type { BodyShare } from './body-room.ts';
import { refusals } from './refusals.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Within each such time a body has to end, or to have grown by `leastBytes`. */
  readonly timeoutMs: number;
}

/** With a time of 60 s: 35 kbit/s. Slower than any link, and no body stays for ever by sending byte after byte. */
const leastBytes = 256 * 1024;

/**
 * Each piece costs about a microsecond, however small it is, and everybody waits meanwhile: a body of 32 MiB in chunks of one byte
 * would take half a minute. No client that means well comes near that.
 */
const bytesPerPiece = 64;
const fewestPieces = 64 * 1024;

/** How many pieces a body may come in. */
function mostPieces(maxBytes: number): number {
  return Math.max(fewestPieces, Math.ceil(maxBytes / bytesPerPiece));
}

/** How long the slowest body may take that is let through. */
export function longestBodyMs({ maxBytes, timeoutMs }: BodyLimits): number {
  return (Math.floor(maxBytes / leastBytes) + 1) * timeoutMs;
}

/** How long we read on after a refusal, so that the client, still busy sending, gets to read our answer. */
const lingerMs = 10_000;
/** And so much, as a multiple of the largest body. */
const droppedPerBody = 4;
/** What a piece that is dropped counts for at least. */
const leastDropped = 1024;

/**
 * Reads the whole body, or refuses it: 413 before reading when its announced length says so, and while reading
 * otherwise; 408 when it stands still; 415 when it is compressed; 503 when there is no room for it.
 * @param room whoever gets the body gives its bytes back
 * @param done called once, maybe before this returns; not at all when the client goes away before the end
 */
export function readBody(
  client: ClientCall,
  limits: BodyLimits,
  room: BodyShare,
  done: (result: Buffer | AppError) => void,
): void {
  const refusal = refuseUnread(client, limits.maxBytes);
  if (refusal !== null) {
    linger(client, droppedPerBody * limits.maxBytes);
    done(refusal);
    return;
  }
  const wholeBody = client.takeWholeBody();
  if (wholeBody !== null) {
    done(room.take(wholeBody.length) ? wholeBody : refusals.noRoomForBody());
    return;
  }
  client.letBodyCome();
  collect(client, limits, room, done);
}

function collect(
  client: ClientCall,
  limits: BodyLimits,
  room: BodyShare,
  done: (result: Buffer | AppError) => void,
): void {
  const pieces = new FewPieces();
  const most = mostPieces(limits.maxBytes);
  let count = 0;
  let atLastLook = 0;
  const refuse = (error: AppError): void => {
    clearInterval(timer);
    room.give(pieces.size);
    pieces.clear();
    linger(client, droppedPerBody * limits.maxBytes);
    done(error);
  };
  const timer = setInterval(() => {
    if (pieces.size - atLastLook >= leastBytes) atLastLook = pieces.size;
    else refuse(new AppError('request_timeout', 'The request body did not arrive in time.'));
  }, limits.timeoutMs);
  client.readBody({
    piece: (bytes) => {
      count += 1;
      if (pieces.size + bytes.length > limits.maxBytes) refuse(tooLarge(limits.maxBytes));
      else if (count > most) refuse(tooManyPieces(most));
      else if (!room.take(bytes.length)) refuse(refusals.noRoomForBody());
      else pieces.push(bytes);
    },
    end: () => {
      clearInterval(timer);
      // Who brings them may live longer than the request: nothing stays here.
      const { size } = pieces;
      done(joined(pieces.take(), size));
    },
    lost: () => {
      clearInterval(timer);
      room.give(pieces.size);
      pieces.clear();
    },
  });
}

/** In one. Nobody else has the pieces. */
function joined(pieces: readonly Buffer[], size: number): Buffer {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = memoryFor(size);
  let at = 0;
  for (const piece of pieces) {
    at += piece.copy(whole, at);
    reuse(piece);
  }
  return whole;
}

/**
 * Reads and drops what is still coming, for a while: closing at once would take our answer with it.
 * @param mostBytes of it; who sends more does not look
 */
function linger(client: ClientCall, mostBytes: number): void {
  let dropped = 0;
  const timer = setTimeout(() => client.hangUp(), lingerMs);
  // node:http tells nobody when an answered request loses its connection.
  timer.unref();
  const stop = (): void => clearTimeout(timer);
  const drop: BodyReader = {
    piece: ({ length }) => {
      const isIn = dropped <= mostBytes;
      dropped += Math.max(leastDropped, length);
      if (isIn && dropped > mostBytes) client.hangUp();
    },
    end: stop,
    lost: stop,
  };
  client.readBody(drop);
}

function refuseUnread(client: ClientCall, maxBytes: number): AppError | null {
  const encoding = client.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    return new AppError('unsupported_media_type', 'Compressed request bodies are not supported.', {
      param: 'content-encoding',
    });
  }
  const announced = client.header('content-length');
  return announced !== undefined && Number(announced) > maxBytes ? tooLarge(maxBytes) : null;
}

function tooManyPieces(most: number): AppError {
  return new AppError(
    'payload_too_large',
    `The request body comes in more than ${most} pieces. Send larger ones.`,
  );
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'payload_too_large',
    `The request body is larger than the limit of ${maxBytes} bytes.`,
  );
}
