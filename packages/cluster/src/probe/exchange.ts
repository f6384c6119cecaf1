import { type IncomingMessage, request } from 'node:http';
import type { Transport } from '@wakefield/control';
import type { Address } from '@wakefield/domain';
import { authorityOf } from '@wakefield/runtime';

/** Metrics pages of large engines are a few hundred kilobytes. */
const bodyLimit = 8 * 1024 * 1024;

export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Beside those of the connection and the body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * One request on a connection of its own: a probe must not be answered by a connection that is older than the
 * engine it asks about.
 * @throws when nothing answers, the answer breaks off or is too long, or the signal aborts
 */
export async function exchange(
  transport: Transport,
  address: Address,
  { method, path, headers, body }: Exchange,
  signal: AbortSignal,
): Promise<Answer> {
  const socket = await transport.connect(address, signal);
  const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const outgoing = request({
        createConnection: () => socket,
        method,
        path,
        signal,
        headers: {
          host: authorityOf(address),
          connection: 'close',
          ...headers,
          ...(payload === null
            ? {}
            : { 'content-type': 'application/json', 'content-length': payload.length }),
        },
      });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => {
        readAll(incoming).then(
          (text) => resolve({ status: incoming.statusCode ?? 0, text }),
          reject,
        );
      });
      outgoing.end(payload ?? undefined);
    });
  } finally {
    socket.destroy();
  }
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > bodyLimit) throw new Error('the answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
