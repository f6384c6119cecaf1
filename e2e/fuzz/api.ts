import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Behind } from './engine.ts';

/** The api: a server of node:http, as the real one. What it cannot read would be ours to answer for. */
export async function startApi(): Promise<Behind> {
  const seen: string[] = [];
  const problems: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method = '', url = '', rawHeaders } = request;
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      const lines = rawHeaders.map((text, index) => text + (index % 2 === 0 ? ': ' : '\r\n'));
      seen.push(`${method} ${url}\r\n${lines.join('')}\r\n${body}`);
      const whose = String(request.headers['x-request-id']).replace(/^req_.*/, 'nobody');
      const answer = `for ${whose}: ${method} ${url.length}`;
      response.setHeader('content-length', answer.length).end(answer);
    });
    request.on('error', () => undefined);
  });
  server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
    if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE')
      problems.push(`the api could not read what it was sent: ${error.code}`);
    socket.destroy();
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    problems,
    open: () => sockets.size,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
