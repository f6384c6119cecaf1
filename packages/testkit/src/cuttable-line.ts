import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP line on loopback to a server that others need, too: it can be cut and mended while they keep theirs. */
export interface CuttableLine {
  /** The server's URL, by this line. */
  readonly url: string;
  /** Breaks every connection and refuses new ones, as a stopped server does. */
  cut(): Promise<void>;
  /** Takes connections again, on the same port. */
  mend(): Promise<void>;
}

/** @param url of a server; `defaultPort` is taken where it names none */
export async function cuttableLine(url: string, defaultPort: number): Promise<CuttableLine> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port || defaultPort), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const line = new URL(url);
  line.host = `127.0.0.1:${port}`;
  return {
    url: line.href,
    cut: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    mend: async () => {
      if (!server.listening) await listen(port);
    },
  };
}
