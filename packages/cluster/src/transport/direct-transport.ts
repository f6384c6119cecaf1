import { connect, type Socket } from 'node:net';
import { ClusterError, type Transport } from '@wakefield/control';
import type { Address } from '@wakefield/domain';

/** Straight TCP from this machine to the engine. */
export function createDirectTransport(options: { readonly connectTimeoutMs: number }): Transport {
  const open = new Set<Socket>();
  return {
    kind: 'direct',
    async connect(address, signal) {
      const socket = await dial(address, signal, options.connectTimeoutMs);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    async close() {
      for (const socket of open) socket.destroy();
    },
  };
}

function dial(address: Address, signal: AbortSignal, timeoutMs: number): Promise<Socket> {
  const where = `${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new ClusterError('unreachable', `${where}: given up`));
    const socket = connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    });
    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', gaveUp);
      socket.off('connect', connected);
      socket.off('error', failed);
      act();
    };
    const fail = (words: string, cause?: unknown) =>
      settle(() => {
        // An error that comes while it closes has nobody to go to.
        socket.on('error', () => {});
        socket.destroy();
        reject(new ClusterError('unreachable', `${where}: ${words}`, cause));
      });
    const connected = () => settle(() => resolve(socket));
    const failed = (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error);
    const gaveUp = () => fail('given up');
    const timer = setTimeout(() => fail('no answer in time'), timeoutMs);
    signal.addEventListener('abort', gaveUp, { once: true });
    socket.once('connect', connected);
    socket.once('error', failed);
  });
}
