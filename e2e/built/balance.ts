import { once } from 'node:events';
import { createServer, connect as dial, type Server } from 'node:net';

/** One address for several containers, as Docker's DNS or a balancer gives it: connection by connection. */
export async function balance(
  containers: readonly { readonly url: string }[],
): Promise<{ url: string; close(): void }> {
  let turn = 0;
  const server: Server = createServer((client) => {
    const attempt = (left: number): void => {
      const target = containers[turn++ % containers.length];
      if (target === undefined || left === 0) return void client.destroy();
      const upstream = dial(Number(new URL(target.url).port), '127.0.0.1');
      upstream.once('error', () => attempt(left - 1));
      upstream.once('connect', () => {
        upstream.removeAllListeners('error');
        for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
        client.pipe(upstream).pipe(client);
        client.once('close', () => upstream.destroy());
        upstream.once('close', () => client.destroy());
      });
    };
    attempt(containers.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
