import { z } from 'zod';
import type { OpenAnswer } from '../exchange.ts';
import type { Wire } from '../wire.ts';
import { id } from './wire-types.ts';

/** Names of at most 50 characters and values of at most 100; neither may be empty. */
export interface NodeHeader {
  readonly Name: string;
  readonly Value: string;
}

/** A request for the server on a job's node. */
export interface NodeRequest {
  readonly taskId: number;
  /** Host and port as the tunnel was requested for. */
  readonly node: string;
  readonly port: number;
  /** Path and query, with the leading slash. */
  readonly path: string;
  /** At least one for GET. `Content-Type` only as a bare media type. */
  readonly headers: readonly NodeHeader[];
}

const tunnel = z.object({
  SubmittedTaskId: id,
  /** Inside of HEAppE, nobody else reaches it. */
  Port: z.number().int(),
  NodeIPAddress: z.string(),
  NodePort: z.number().int(),
});
export type Tunnel = z.output<typeof tunnel>;

/** Ways to a job's node (DataTransferController.cs). Where to read what they do: the rules of each version in features.ts. */
export interface TransferApi {
  /** @throws HeappeError unclear, `already has SSH tunnel`, for a second one; from 6.2.2 on the same tunnel again */
  requestTunnel(
    to: { taskId: number; node: string; port: number },
    signal: AbortSignal,
  ): Promise<Tunnel>;
  /** Closes all tunnels of the task. */
  closeTunnel(tunnel: Tunnel, signal: AbortSignal): Promise<void>;
  /** Body of an answer of status 200; any other is a HeappeError of status 400 with the node's body in its detail. 10 s at most. */
  get(request: NodeRequest, signal: AbortSignal): Promise<string>;
  /** The same. @throws HeappeError of status 413 when HEAppE would not take so much */
  post(request: NodeRequest & { readonly payload: string }, signal: AbortSignal): Promise<string>;
  /**
   * Bytes as HEAppE sends them, its errors among them: status 200 says nothing. Ending the signal ends the request at
   * the node. @throws HeappeError of status 413, as `post`; `refused` where the version has no such call
   */
  postStream(
    request: NodeRequest & { readonly payload: string },
    signal: AbortSignal,
  ): Promise<OpenAnswer>;
}

/** Above the 10 s after which HEAppE gives up a node (HTTPRequestConnectionTimeoutInSeconds). */
const NODE_CALL_MS = 15_000;

export function createTransferApi(wire: Wire): TransferApi {
  /** A string in JSON; later versions may tell of status and body (JobNodeHttpResponse). */
  const nodeBody = z.union([
    z.string(),
    z.null().transform(() => ''),
    z.record(z.string(), z.unknown()).transform((value) => JSON.stringify(value)),
  ]);

  const body = async (request: NodeRequest, signal: AbortSignal) => {
    const { taskIdField } = await wire.features(signal);
    return {
      [taskIdField]: request.taskId,
      HttpRequest: request.path,
      HttpHeaders: request.headers,
      NodeIPAddress: request.node,
      NodePort: request.port,
    };
  };

  return {
    async requestTunnel({ taskId, node, port }, signal) {
      const { taskIdField } = await wire.features(signal);
      const call = {
        method: 'POST',
        path: 'DataTransfer/RequestDataTransfer',
        body: { [taskIdField]: taskId, IpAddress: node, Port: port },
      } as const;
      return await wire.json(call, tunnel, signal);
    },
    async closeTunnel(used, signal) {
      const path = 'DataTransfer/CloseDataTransfer';
      await wire.json(
        { method: 'POST', path, body: { UsedTransferMethod: used } },
        z.unknown(),
        signal,
      );
    },
    async get(request, signal) {
      const path = 'DataTransfer/HttpGetToJobNode';
      const call = {
        method: 'POST',
        path,
        body: await body(request, signal),
        timeoutMs: NODE_CALL_MS,
      } as const;
      return await wire.json(call, nodeBody, signal);
    },
    async post({ payload, ...request }, signal) {
      const path = 'DataTransfer/HttpPostToJobNode';
      const content = { ...(await body(request, signal)), HttpPayload: payload };
      const call = { method: 'POST', path, body: content, timeoutMs: NODE_CALL_MS } as const;
      return await wire.json(call, nodeBody, signal);
    },
    async postStream({ payload, ...request }, signal) {
      const path = 'DataTransfer/HttpPostToJobNodeStream';
      const content = { ...(await body(request, signal)), HttpPayload: payload };
      return await wire.open({ method: 'POST', path, body: content, timeoutMs: null }, signal);
    },
  };
}
