import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

/** The answer to an offer of WebSocket, as that to a fetch. */
export async function offer(url: string, headers: Record<string, string>): Promise<Response> {
  const sent = request(url, {
    headers: {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  }).end();
  sent.once('upgrade', (_answer: IncomingMessage, socket: Socket) => {
    socket.destroy();
    sent.emit('error', new Error('the offer was taken'));
  });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of answer) text += String(piece);
  const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  return new Response(text, {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(told),
  });
}
