import { type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import type { Parsed } from './parsed.ts';

/** How node:http, and llhttp below it, read what an engine sends before it closes. */
export function readByNode(pieces: readonly Buffer[], method = 'POST'): Promise<Parsed> {
  const wire = new Wire();
  let response: IncomingMessage | null = null;
  let body = '';
  const call = request({
    method,
    createConnection: () => wire,
    maxHeaderSize: 1024 * 1024,
    headers: { connection: 'keep-alive' },
  });
  call.on('response', (answer) => {
    response = answer;
    answer.on('data', (piece: Buffer) => {
      body += piece.toString('latin1');
    });
    answer.on('error', () => undefined);
  });
  call.on('error', () => undefined);
  call.end();
  return new Promise((resolve) => {
    call.on('close', () => resolve(toParsed(response, body, call.shouldKeepAlive)));
    void wire.say(pieces);
  });
}

function toParsed(response: IncomingMessage | null, body: string, persistent: boolean): Parsed {
  if (response === null)
    return { status: null, headers: [], body: '', complete: false, persistent: null };
  const { complete, rawHeaders, statusCode = null } = response;
  return {
    status: statusCode,
    headers: rawHeaders.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text)),
    body,
    complete,
    persistent: complete ? persistent : null,
  };
}

/** A socket without a network. */
class Wire extends Duplex {
  override _read(): void {
    // Pushed as it is said.
  }

  override _write(_: Buffer, __: BufferEncoding, callback: () => void): void {
    callback();
  }

  /** One piece in each turn of the event loop, then the end. */
  async say(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise(setImmediate);
      if (!this.destroyed) this.push(piece);
    }
    await new Promise(setImmediate);
    if (!this.destroyed) this.push(null);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
