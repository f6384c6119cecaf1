import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ClusterError, type Transport } from '@wakefield/control';
import type { HeappeClient } from '../client.ts';
import { HeappeError } from '../failures.ts';
import { type NodePort, taskOfAddress } from './address.ts';
import type { Asked, Outcome } from './asked.ts';
import { type BridgeSocket, bridgeSockets } from './bridge-socket.ts';
import { timeoutReply } from './find-out.ts';
import { getFromNode } from './get-from-node.ts';
import { give } from './give.ts';
import { losesKey, nodeHeaders } from './node-headers.ts';
import { type NodeTrouble, troubleOfCall } from './node-trouble.ts';
import { type Pauses, usualPauses } from './patience.ts';
import { postToNode } from './post-to-node.ts';
import { readPayload, tooLarge } from './read-payload.ts';
import { errorReply, type Reply, send } from './replies.ts';
import { askFeatures, type BridgeParts } from './through-tunnel.ts';
import { createTunnels } from './tunnels.ts';

/** The proxy takes clients' headers as long as Node does by default, and adds its own. */
const maxHeaderSize = 64 * 1024;

export interface BridgeOptions {
  /** Whether closing the transport closes the client. */
  readonly ownsClient: boolean;
  /** Absent: a clock that only goes forward. Milliseconds. */
  readonly elapsed?: () => number;
  /** Absent: usualPauses. */
  readonly pauses?: Pauses;
}

/**
 * Bytes by way of HEAppE. What connects gets plain HTTP/1.1, served in this process: each request becomes calls of
 * HEAppE's data transfer, and what HEAppE says in its own way becomes statuses, error events and broken
 * connections. So nobody else has to know of HEAppE.
 */
export function createBridgeTransport(
  client: Pick<HeappeClient, 'features' | 'transfers' | 'identity' | 'signOut' | 'close'>,
  options: BridgeOptions,
): Transport {
  const elapsed = options.elapsed ?? (() => performance.now());
  const pauses = options.pauses ?? usualPauses;
  const parts: BridgeParts = { client, tunnels: createTunnels(client, elapsed), elapsed, pauses };
  const open = new Set<BridgeSocket>();
  const targets = new WeakMap<object, NodePort>();

  const server = createServer({ maxHeaderSize, requestTimeout: 0 }, (request, response) => {
    const to = targets.get(request.socket);
    if (to !== undefined) void serve(parts, to, request, response);
  });
  // Nothing in here is idle that its client does not know of, and its clients are ours.
  server.keepAliveTimeout = 0;

  return {
    kind: 'heappe',
    async connect(address, signal) {
      const to = taskOfAddress(address);
      if (to === null) {
        throw new ClusterError('unreachable', `${address.host} names no task of HEAppE`);
      }
      await reach(parts, to, signal);
      const [here, there] = bridgeSockets();
      targets.set(there, to);
      open.add(here);
      here.once('close', () => open.delete(here));
      server.emit('connection', there);
      return here;
    },
    async close() {
      for (const socket of open) socket.destroy();
      if (options.ownsClient) await client.close();
    },
  };
}

/** A tunnel is there before anybody has a connection, so that without one no request is lost. */
async function reach({ tunnels }: BridgeParts, to: NodePort, signal: AbortSignal): Promise<void> {
  try {
    await tunnels.ensure(to, signal);
  } catch (error) {
    const words = signal.aborted ? 'no tunnel in time' : messageOf(error);
    throw new ClusterError('unreachable', `task ${to.taskId} at ${to.node}: ${words}`, error);
  }
}

/** One request on a connection of the bridge's. Never rejects. */
async function serve(
  parts: BridgeParts,
  to: NodePort,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const { signal } = gone;
  try {
    const { authorization } = request.headers;
    const asked: Asked = {
      to,
      path: request.url ?? '/',
      headers: nodeHeaders(request.rawHeaders),
      signal,
    };
    // HEAppE puts it right behind a host and a port of its own.
    if (!asked.path.startsWith('/')) {
      return send(response, errorReply('invalid_request', 'The path has to begin with "/".'));
    }
    if (losesKey(authorization)) {
      const words = "HEAppE's headers are too short for this engine's key.";
      return send(response, errorReply('upstream_error', words));
    }
    await give(response, await outcomeOf(parts, asked, request), signal);
  } catch (error) {
    if (signal.aborted) response.destroy();
    else fail(response, troubleOfCall(error));
  }
}

async function outcomeOf(
  parts: BridgeParts,
  asked: Asked,
  request: IncomingMessage,
): Promise<Outcome> {
  if (request.method === 'GET') return await getFromNode(parts, asked);
  if (request.method !== 'POST') {
    const words = `HEAppE carries GET and POST, not ${request.method}.`;
    return { kind: 'reply', reply: errorReply('method_not_allowed', words) };
  }
  const { postBytes } = await askFeatures(parts, asked);
  const read = await readPayload(request, postBytes);
  if ('refused' in read) return { kind: 'reply', reply: read.refused };
  return await postToNode(parts, { ...asked, payload: read.payload });
}

/** Says what went wrong in the way that is still open. */
function fail(response: ServerResponse, trouble: NodeTrouble): void {
  const reply = response.headersSent ? null : replyTo(trouble);
  if (reply !== null) send(response, reply);
  // A dead engine's connection breaks; of an engine that cannot be reached nothing is known.
  else if (trouble.trouble === 'engine_gone') response.destroy();
  else response.destroy(wayLost(trouble));
}

/** null: there is nothing to say, the connection has to break. */
function replyTo({ trouble, cause }: NodeTrouble): Reply | null {
  switch (trouble) {
    case 'engine_gone':
    case 'no_tunnel':
    case 'stale':
    case 'not_running':
    case 'silent':
      return null;
    case 'too_large': {
      // byte-limits.ts says both, HEAppE itself neither.
      const detail = cause instanceof HeappeError ? cause.detail : '';
      const [bytes = null, limit = null] = [...detail.matchAll(/\d+/g)].map(Number);
      return tooLarge(bytes, limit);
    }
    case 'busy':
      return {
        ...errorReply('overloaded', 'HEAppE takes no more requests for now.'),
        headers: { 'retry-after': '5' },
      };
    case 'timeout':
      return timeoutReply('an answer to a GET');
    case 'signed_out':
    case 'forbidden':
      return errorReply('upstream_error', 'HEAppE does not let this service reach the engine.');
    case 'node_error':
    case 'invalid':
    case 'failed':
      return errorReply('upstream_error', 'HEAppE could not pass the request on to the engine.');
  }
}

/**
 * By these codes the proxy knows that the engine may be well, and whether it has seen anything of the request
 * (services/proxy/src/inference/attempt.ts).
 */
function wayLost(trouble: NodeTrouble): Error {
  const error: NodeJS.ErrnoException = new Error(trouble.message, { cause: trouble });
  error.code = trouble.neverSent ? 'NEVER_SENT' : 'WAY_LOST';
  return error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
