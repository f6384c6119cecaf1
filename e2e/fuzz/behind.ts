import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What is behind the proxy: it keeps the bytes that it was sent, and answers every whole request at once. */
export interface Behind {
  readonly port: number;
  /** Each request as it came. Emptied by whoever reads it. */
  readonly seen: string[];
  /** What should never have come; empty. */
  readonly problems: string[];
  readonly open: () => number;
  close(): Promise<void>;
}

/** Lets a server listen on a free port of loopback. Closing ends its connections, too. */
export async function openBehind(
  server: Server,
  told: Pick<Behind, 'seen' | 'problems'>,
): Promise<Behind> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...told,
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
