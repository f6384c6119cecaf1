import type { Transport } from '@wakefield/control';
import type { Address } from '@wakefield/domain';
import { buildConnector } from 'undici';

/** An engine that listens is reached at once; a node that is gone must not keep a request from another. */
const connectTimeoutMs = 5000;

/**
 * How undici gets its connections: straight TCP with Nagle off, or through the cluster's transport.
 * @param transport null or a direct one: straight TCP
 */
export function createConnector(
  transport: Transport | null,
  address: Address,
): buildConnector.connector {
  if (transport === null || transport.kind === 'direct') {
    return buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  }
  return (_options, callback) => {
    transport.connect(address, AbortSignal.timeout(connectTimeoutMs)).then(
      // undici asks for a socket and uses what every Duplex has; the rest it checks for first.
      (channel) => callback(null, channel as unknown as Parameters<typeof callback>[1] & object),
      (error: unknown) => callback(toError(error), null),
    );
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the transport gave no connection');
}
