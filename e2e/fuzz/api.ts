import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type Behind, openBehind } from './behind.ts';
import { answerOffer, offerFault } from './session.ts';

/** The api: a server of node:http, as the real one. What it cannot read would be ours to answer for. */
export async function startApi(): Promise<Behind> {
  const seen: string[] = [];
  const problems: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', rawHeaders } = request;
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      const lines = rawHeaders.map((text, index) => text + (index % 2 === 0 ? ': ' : '\r\n'));
      seen.push(`${method} ${url}\r\n${lines.join('')}\r\n${body}`);
      const answer = `for ${whoseOf(request.headers['x-request-id'])}: ${method} ${url.length}`;
      response.setHeader('content-length', answer.length).end(answer);
    });
    request.on('error', () => undefined);
  });
  server.on('upgrade', ({ method, url = '', rawHeaders, headers }, socket, first) => {
    const lines = rawHeaders.map((text, index) => text + (index % 2 === 0 ? ': ' : '\r\n'));
    const head = `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`;
    seen.push(head);
    const fault = offerFault(head) ?? (first.length > 0 ? 'was sent bytes early' : null);
    if (fault !== null) problems.push(`the api ${fault}`);
    socket.on('error', () => socket.destroy());
    answerOffer(socket as Socket, head, whoseOf(headers['x-request-id']));
  });
  server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
    if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE')
      problems.push(`the api could not read what it was sent: ${error.code}`);
    socket.destroy();
  });
  return await openBehind(server, { seen, problems });
}

function whoseOf(id: string | string[] | undefined): string {
  return String(id).replace(/^req_.*/, 'nobody');
}
