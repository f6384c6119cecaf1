import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

/** What is said on one connection, byte for byte. */
export interface Line {
  readonly socket: Socket;
  /** Everything that came so far; latin1: a character for each byte. */
  heard(): string;
  say(text: string): void;
  /** Whether the other side is gone. */
  ended(): boolean;
}

/** An engine that says what it is told to, and nothing by itself: for what no HTTP server would ever send. */
export interface BareEngine {
  readonly address: { readonly host: string; readonly port: number };
  /** Its connections, in their order. */
  readonly lines: readonly Line[];
  close(): Promise<void>;
}

/** @param isDeaf it takes nothing of what it is sent until told so */
export async function startBareEngine(host = '127.0.0.1', isDeaf = false): Promise<BareEngine> {
  const lines: Line[] = [];
  const server = createServer({ pauseOnConnect: isDeaf, noDelay: true }, (socket) => {
    let heard = '';
    let ended = false;
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    if (isDeaf) socket.pause();
    socket.on('error', () => undefined);
    socket.on('end', () => {
      ended = true;
    });
    socket.on('close', () => {
      ended = true;
    });
    lines.push({
      socket,
      heard: () => heard,
      say: (text) => void socket.write(text, 'latin1'),
      ended: () => ended,
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { host, port },
    lines,
    close: async () => {
      for (const { socket } of lines) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A complete answer with this body. */
export function answerOf(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
}
