import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Instance } from '../instance.ts';
import type { NameValue } from '../world/job-types.ts';
import type { Tunnel } from './tunnels.ts';

export interface NodeRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: readonly NameValue[];
  readonly payload: string | null;
}

/** What .NET's HttpClient says when the other end cannot be talked to. */
export class NodeUnreachable extends Error {}

/**
 * Sends a request through a tunnel. @throws NodeUnreachable with the words of HttpClient: a dead ssh connection refuses at
 * the forwarded port, a port that nobody listens on is closed right after it was opened
 */
export async function send(
  instance: Instance,
  tunnel: Tunnel,
  wanted: NodeRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  if (tunnel.stale) {
    throw new NodeUnreachable(`Connection refused (localhost:${tunnel.localPort})`);
  }
  const host = await resolve(instance, tunnel.nodeHost);
  return new Promise((settle, reject) => {
    const body = wanted.payload === null ? null : Buffer.from(wanted.payload);
    const outgoing: ClientRequest = httpRequest({
      host,
      port: tunnel.nodePort,
      method: wanted.method,
      path: wanted.path,
      agent: false,
      signal: AbortSignal.any([signal, tunnel.life.signal]),
      headers: {
        host: `localhost:${tunnel.localPort}`,
        ...Object.fromEntries(wanted.headers.map(({ name, value }) => [name, value])),
        ...(body === null ? {} : { 'content-length': body.length }),
      },
    });
    outgoing.on('response', settle);
    outgoing.on('error', (error) => {
      reject(
        signal.aborted
          ? error
          : new NodeUnreachable('An error occurred while sending the request.', { cause: error }),
      );
    });
    outgoing.end(body ?? undefined);
  });
}

/** A node's name is looked up on the login node, where the forward ends. */
async function resolve({ scheduler }: Instance, host: string): Promise<string> {
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  return (await scheduler.addressOf(host)) ?? host;
}
