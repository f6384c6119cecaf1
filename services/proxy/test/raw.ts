import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach } from '@jest/globals';
import { key } from './harness.ts';

/** A bare TCP client, for requests that no HTTP client would send. */
export interface RawClient {
  readonly socket: Socket;
  send(text: string): void;
  /** Everything received so far. */
  text(): string;
  /** Resolves with all of it when the server has closed. */
  closed(): Promise<string>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let isClosed = false;
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return {
    socket,
    send: (text) => void socket.write(text),
    text: () => received,
    closed: async () => {
      if (!isClosed) await once(socket, 'close');
      return received;
    },
  };
}

/** Opens clients that end with their test. */
export function useRawClients(): (port: number) => Promise<RawClient> {
  const open: RawClient[] = [];
  afterEach(() => {
    for (const { socket } of open.splice(0)) socket.destroy();
  });
  return async (port) => {
    const client = await rawClient(port);
    client.socket.setNoDelay(true);
    open.push(client);
    return client;
  };
}

/** The head of an inference request, up to its own lines, each of which ends with CRLF. */
export function rawHead(lines: string, path = '/p/demo/openai/v1/chat/completions'): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${lines}\r\n`;
}

/** A whole inference request. */
export function rawRequest(body: string, lines = '', path?: string): string {
  return `${rawHead(`${lines}content-length: ${Buffer.byteLength(body)}\r\n`, path)}${body}`;
}
