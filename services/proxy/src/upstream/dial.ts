import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Transport } from '@wakefield/control';
import type { Address } from '@wakefield/domain';

/** Of a connection on which nothing comes for long: engines think for as long as they like. */
const keepAliveInitialDelay = 60_000;

/** Who waits for a connection. Hears one of both, once, and never before `Dialer` has returned. */
export interface DialOutcome {
  connected(channel: Duplex): void;
  failed(error: Error): void;
}

/** Begins to connect. @returns how to give it up: the outcome is that it failed, with this error */
export type Dialer = (outcome: DialOutcome) => (error: Error) => void;

/**
 * Connections to one engine: straight TCP with Nagle off, or through the cluster's transport.
 * @param transport null or a direct one: straight TCP
 */
export function createDialer(transport: Transport | null, address: Address): Dialer {
  if (transport === null || transport.kind === 'direct') {
    return (outcome) => dialTcp(address, outcome);
  }
  return (outcome) => dialThrough(transport, address, outcome);
}

function dialTcp({ host, port }: Address, outcome: DialOutcome): (error: Error) => void {
  const socket: Socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay,
  });
  const connected = (): void => {
    socket.off('error', failed);
    outcome.connected(socket);
  };
  const failed = (error: Error): void => {
    socket.off('connect', connected);
    outcome.failed(error);
  };
  socket.once('connect', connected).once('error', failed);
  return (error) => socket.destroy(error);
}

function dialThrough(
  transport: Transport,
  address: Address,
  outcome: DialOutcome,
): (error: Error) => void {
  const given = new AbortController();
  transport.connect(address, given.signal).then(
    // It may have gone before anybody listened to it, in the very piece of input that brought it: nothing tells of it again.
    (channel) => {
      if (channel.destroyed) outcome.failed(new Error('the connection was closed'));
      else outcome.connected(channel);
    },
    (error: unknown) => {
      const words = 'the transport gave no connection';
      outcome.failed(error instanceof Error ? error : new Error(words, { cause: error }));
    },
  );
  return (error) => given.abort(error);
}
