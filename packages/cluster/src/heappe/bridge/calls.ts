import type { Readable } from 'node:stream';
import type { NodePort } from './address.ts';

/** `HTTPHeaderExt`: the name of 1 to 50 characters, the value of 1 to 100. */
export interface NodeHeader {
  readonly Name: string;
  readonly Value: string;
}

/** A request that HEAppE makes at a node for us. */
export interface NodeRequest {
  readonly to: NodePort;
  /** Path and query; begins with `/`. */
  readonly path: string;
  readonly headers: readonly NodeHeader[];
}

/** `DataTransferMethodExt`: what HEAppE says of a tunnel. */
export interface Tunnel extends NodePort {
  /** Its port inside of HEAppE. */
  readonly localPort: number;
}

/** What the version of a HEAppE decides about requests to nodes. */
export interface NodeFeatures {
  /**
   * What `HttpPostToJobNodeStream` makes of an answer:
   * - `none`    there is no such call (before 6.1.0)
   * - `wrapped` event streams come through, of anything else each piece becomes an event (before 6.2.2)
   * - `raw`     bytes come through
   */
  readonly stream: 'none' | 'wrapped' | 'raw';
  /** Of the whole body of a POST call, payload escaped, in bytes. */
  readonly postLimitBytes: number;
  /** Whether the detail of a failed GET or POST call is what the node said (from 6.2.2 on). */
  readonly tellsNodeErrors: boolean;
  /** Whether GET and plain POST calls leave their headers out of HEAppE's log at its usual level (from 6.2.2 on). */
  readonly quietPlainCalls: boolean;
}

/** The data transfer calls of one HEAppE in the name of one user. All bound themselves in time, the stream apart. */
export interface NodeCalls {
  features(signal: AbortSignal): Promise<NodeFeatures>;
  requestTunnel(to: NodePort, signal: AbortSignal): Promise<Tunnel>;
  closeTunnel(tunnel: Tunnel, signal: AbortSignal): Promise<void>;
  /** `HttpGetToJobNode`: the body of a 200. */
  get(request: NodeRequest, signal: AbortSignal): Promise<string>;
  /** `HttpPostToJobNode`: the body of a 200. */
  post(request: NodeRequest, payload: string, signal: AbortSignal): Promise<string>;
  /** `HttpPostToJobNodeStream`: resolves with the head of the answer, which says nothing of the node's. */
  postStream(
    request: NodeRequest,
    payload: string,
    signal: AbortSignal,
  ): Promise<{ readonly contentType: string; readonly body: Readable }>;
  /** The credential was refused inside of an answer: the next call signs in anew. */
  signInAgain(): void;
}

/** HEAppE's refusal of a call, or its silence. */
export class HeappeRefusal extends Error {
  /** null: nothing was said, the call may or may not have worked. */
  readonly status: number | null;
  readonly title: string;
  readonly detail: string;

  constructor(status: number | null, title: string, detail: string, cause?: unknown) {
    super(`${status ?? 'no answer'} ${title}: ${detail}`.trim(), { cause });
    this.name = 'HeappeRefusal';
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}
