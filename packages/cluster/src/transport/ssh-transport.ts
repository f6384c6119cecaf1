import { ClusterError, type Transport } from '@wakefield/control';
import type { Address } from '@wakefield/domain';
import type { Client, ClientChannel } from 'ssh2';
import { abortable, type SshConnection } from '../ssh/connection.ts';
import { describeTarget } from '../ssh/target.ts';
import { ChannelSocket } from './channel-socket.ts';

/** Reasons of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254 §5.1). */
const PROHIBITED = 1;

/**
 * Bytes as channels of an ssh connection (`direct-tcpip`): the far machine dials the engine.
 * @param ownsConnection whether closing the transport closes the connection
 */
export function createSshTransport(
  connection: SshConnection,
  options: { readonly connectTimeoutMs: number; readonly ownsConnection: boolean },
): Transport {
  const open = new Set<ChannelSocket>();
  return {
    kind: 'ssh',
    async connect(address, signal) {
      const timeout = AbortSignal.timeout(options.connectTimeoutMs);
      const either = AbortSignal.any([signal, timeout]);
      const where = `${address.host}:${address.port} over ${describeTarget(connection.target)}`;
      try {
        const { client, channel } = await openChannel(connection, address, either);
        const socket = new ChannelSocket(channel, address.host, address.port);
        const stops = [
          connection.onLost(client, () => socket.lost()),
          // What is in the middle of its answer cannot be sent again, and may go on.
          connection.onSilent(client, () => {
            if (socket.asking) socket.lost();
          }),
        ];
        open.add(socket);
        socket.once('close', () => {
          for (const stop of stops) stop();
          open.delete(socket);
        });
        return socket;
      } catch (error) {
        throw dialFailure(error, where, timeout.aborted);
      }
    },
    async close() {
      for (const socket of open) socket.destroy();
      if (options.ownsConnection) await connection.close();
    },
  };
}

/** Over a connection that stands still only where there is no other. */
async function openChannel(
  connection: SshConnection,
  address: Address,
  signal: AbortSignal,
): Promise<{ readonly client: Client; readonly channel: ClientChannel }> {
  for (;;) {
    const client = await connection.client(signal);
    const silent = new AbortController();
    const stops = [
      connection.onLost(client, () => silent.abort()),
      connection.onSilent(client, () => silent.abort()),
    ];
    try {
      const either = AbortSignal.any([signal, silent.signal]);
      return { client, channel: await forward(client, address, either) };
    } catch (error) {
      if (!silent.signal.aborted || signal.aborted) throw error;
    } finally {
      for (const stop of stops) stop();
    }
  }
}

function forward(client: Client, { host, port }: Address, signal: AbortSignal) {
  const opening = new Promise<ClientChannel>((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      if (error !== undefined && error !== null) reject(error);
      else if (signal.aborted) {
        channel.destroy();
        reject(signal.reason);
      } else resolve(channel);
    });
  });
  return abortable(opening, signal);
}

function dialFailure(error: unknown, where: string, timedOut: boolean): ClusterError {
  if (error instanceof ClusterError) return error;
  const { reason, message } = error as Error & { reason?: number | string };
  if (reason === PROHIBITED)
    return new ClusterError(
      'misconfigured',
      `${where}: the ssh server does not allow forwarding (AllowTcpForwarding, PermitOpen)`,
      error,
    );
  const words = timedOut
    ? 'no answer in time'
    : message.replace('(SSH) Channel open failure: ', '');
  return new ClusterError('unreachable', `${where}: ${words}`, error);
}
