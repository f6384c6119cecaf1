import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP line to a real server that can be cut and mended, so that an outage is one. */
export interface CuttableLine {
  readonly port: number;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function cuttableLine(target: { host: string; port: number }): Promise<CuttableLine> {
  const sockets = new Set<Socket>();
  let server: Server = await open(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  async function open(at: number): Promise<Server> {
    const made = createServer((near) => {
      const far = connect(target.port, target.host);
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
    made.listen(at, '127.0.0.1');
    await once(made, 'listening');
    return made;
  }

  return {
    port,
    cut: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    mend: async () => {
      if (!server.listening) server = await open(port);
    },
  };
}
