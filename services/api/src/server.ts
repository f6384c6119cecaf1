import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { parserRefusal, rawErrorAnswer } from '@wakefield/contracts';
import {
  endUnlessRead,
  type ListenPlace,
  listenOptions,
  requestId,
  urlOf,
} from '@wakefield/runtime';

/** A request of this interface is at most 1 MiB; who takes longer is stuck or up to no good. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Well above the 30 s for which the proxy keeps an idle connection: it gives up first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const IDLE_SOCKET_TIMEOUT_MS = 120_000;

export interface HttpServer {
  readonly url: string;
  /** Takes no new connections, finishes what is under way. */
  close(): Promise<void>;
}

export async function listen(app: RequestListener, place: ListenPlace): Promise<HttpServer> {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: 5_000,
      // Whatever NODE_OPTIONS say.
      insecureHTTPParser: false,
      // Node would answer a request without a host with an empty 400; the application says it in the envelope.
      requireHostHeader: false,
    },
    app,
  );
  server.timeout = IDLE_SOCKET_TIMEOUT_MS;
  server.on('timeout', endUnlessRead);
  server.on('clientError', answerClientError);
  // An expectation that nobody knows may be ignored (RFC 9110 §10.1.1); Node would answer 417 without a body.
  server.on('checkExpectation', app);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(listenOptions(place));
  await once(server, 'listening');
  return { url: urlOf(server, place.host), close: () => close(server, sockets) };
}

/** Node's parser gave up on a request before there was one: the same envelope as everywhere, then the end. */
function answerClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const refusal = parserRefusal(error.code);
  socket.end(rawErrorAnswer(refusal.error, requestId(undefined), refusal.status));
}

/**
 * A connection whose last answer goes out after `server.close()` would rest until its keep-alive ends, and one on which
 * nothing came yet, which Node does not call idle, until its client leaves: clients open some in advance.
 */
async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweeping = setInterval(() => {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }, 25);
  try {
    await closed;
  } finally {
    clearInterval(sweeping);
  }
}
