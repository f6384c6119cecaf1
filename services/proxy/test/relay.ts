import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay in front of a server that others need, too: it can go away while they keep it. */
export interface Relay {
  readonly port: number;
  /** Breaks every connection and refuses new ones, as a stopped server does. */
  cut(): Promise<void>;
  /** Comes back on the same port. */
  restore(): Promise<void>;
}

export async function startRelay(to: {
  readonly host: string;
  readonly port: number;
}): Promise<Relay> {
  const sockets = new Set<Socket>();
  let server = createRelayServer(to, sockets);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    cut: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
    restore: async () => {
      server = createRelayServer(to, sockets);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

function createRelayServer(
  to: { readonly host: string; readonly port: number },
  sockets: Set<Socket>,
): Server {
  return createServer((near) => {
    const far = connect(to.port, to.host);
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
}
