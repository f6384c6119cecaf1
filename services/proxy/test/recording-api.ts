import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as the api understood it. */
export interface ApiRequest {
  /** Counts from 0: which of the api's connections it came on. */
  readonly connection: number;
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** An api that keeps what it was asked, and the bytes by which it was. */
export interface RecordingApi {
  readonly url: string;
  /** In the order in which they were complete. */
  readonly seen: ApiRequest[];
  /** All bytes of each connection. */
  readonly bytes: string[];
  readonly sockets: Socket[];
  /** Instead of the usual answer from now on: told at once, before the body has come. */
  answer(how: (response: ServerResponse) => void): void;
  close(): Promise<void>;
}

/** @param keepAliveMs how long it keeps an idle connection */
export async function startRecordingApi(keepAliveMs = 75_000): Promise<RecordingApi> {
  const seen: ApiRequest[] = [];
  const bytes: string[] = [];
  const sockets: Socket[] = [];
  let early: ((response: ServerResponse) => void) | null = null;
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    const { method, url, headers, rawHeaders } = request;
    const connection = sockets.indexOf(request.socket);
    let body = '';
    early?.(response);
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    request.on('end', () => {
      seen.push({ connection, line: `${method} ${url}`, headers, rawHeaders, body });
      if (early !== null) return;
      const answer = `answer to ${method} ${url}`;
      response.setHeader('content-length', answer.length).end(answer);
    });
  });
  server.on('connection', (socket) => {
    const index = sockets.push(socket) - 1;
    bytes.push('');
    socket.on('data', (chunk: Buffer) => {
      bytes[index] += chunk.toString('latin1');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    bytes,
    sockets,
    answer: (how) => {
      early = how;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
