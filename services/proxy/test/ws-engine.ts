import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** An engine, or an api, that speaks WebSocket and nothing by itself. */
export interface WsEngine {
  readonly port: number;
  /** Its sessions, and the offers that they were, in order. */
  readonly sessions: WebSocket[];
  readonly offers: IncomingMessage[];
  close(): Promise<void>;
}

export async function startWsEngine(): Promise<WsEngine> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const sessions: WebSocket[] = [];
  const offers: IncomingMessage[] = [];
  server.on('connection', (session, offer) => {
    session.on('error', () => undefined);
    sessions.push(session);
    offers.push(offer);
  });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    offers,
    close: async () => {
      for (const session of sessions) session.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}
