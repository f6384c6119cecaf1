import { Readable } from 'node:stream';
import type { NodeRequest, TransferApi, Tunnel } from '../src/heappe/api/transfers.ts';
import { HeappeError } from '../src/heappe/failures.ts';
import { featuresOf } from '../src/heappe/features.ts';

type Posted = NodeRequest & { readonly payload: string };

/**
 * HEAppE's data transfer without HTTP, for what a server does not do when it is told to: streams that break off at
 * any byte, answers in any words. Its nodes are ports of this machine.
 */
export class HeappeDouble {
  version = '6.3.2';
  /** By task. */
  readonly tunnels = new Map<number, Tunnel>();
  /** Tasks whose tunnel leads nowhere. */
  readonly stale = new Set<number>();
  readonly calls: string[] = [];
  readonly requests: (NodeRequest & { readonly payload?: string })[] = [];
  /** Instead of asking the node: the whole body of a stream, in these pieces. */
  script: readonly (string | Buffer | Error)[] | null = null;
  /** Thrown by the next calls, one each. */
  readonly failures: Error[] = [];
  /** Until it resolves no tunnel is given. */
  tunnelGate: Promise<void> = Promise.resolve();
  readonly #identity = { headers: {}, sessionCode: 'code' };
  #nextPort = 4000;

  features = async () => featuresOf(this.version);
  identity = () => this.#identity;
  signOut = () => void this.calls.push('signOut');
  close = async () => void this.calls.push('close');

  readonly transfers: TransferApi = {
    requestTunnel: async ({ taskId, node, port }) => {
      this.calls.push('requestTunnel');
      await this.tunnelGate;
      this.#fail();
      const known = this.tunnels.get(taskId);
      // From 6.2.2 on, as the other.
      const { tellsNodeErrors } = featuresOf(this.version);
      if (known !== undefined && tellsNodeErrors) return known;
      if (known !== undefined)
        throw problem(`TaskId '${taskId}' already has SSH tunnel for port '${port}'.`);
      const tunnel = {
        SubmittedTaskId: taskId,
        Port: this.#nextPort++,
        NodeIPAddress: node,
        NodePort: port,
      };
      this.tunnels.set(taskId, tunnel);
      return tunnel;
    },
    closeTunnel: async ({ SubmittedTaskId: taskId }) => {
      this.calls.push('closeTunnel');
      this.stale.delete(taskId);
      if (!this.tunnels.delete(taskId)) throw problem('NoActiveConnection');
    },
    get: async (request, signal) => await this.#plain('get', request, signal),
    post: async (request, signal) => await this.#plain('post', request, signal, request.payload),
    postStream: async (request, signal) => {
      this.calls.push('postStream');
      this.requests.push(request);
      this.#fail();
      const body = Readable.from(
        this.script === null ? this.#stream(request, signal) : this.#scripted(),
      );
      return { contentType: 'text/event-stream; charset=utf-8', body };
    },
  };

  count(call: string): number {
    return this.calls.filter((name) => name === call).length;
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }

  async #plain(
    call: 'get' | 'post',
    request: NodeRequest,
    signal: AbortSignal,
    payload?: string,
  ): Promise<string> {
    this.calls.push(call);
    this.requests.push(request);
    this.#fail();
    const { tellsNodeErrors } = featuresOf(this.version);
    const lost = 'Response code for Http request is not 200. Check your application.';
    if (!this.tunnels.has(request.taskId)) throw problem('NoActiveConnectionForUser');
    if (this.stale.has(request.taskId)) throw problem(tellsNodeErrors ? "''" : lost);
    const answer = await ask(request, signal, payload).catch(() => null);
    const text = (await answer?.text()) ?? '';
    if (answer?.status === 200) return text;
    throw problem(tellsNodeErrors ? `'${text}'` : lost);
  }

  async *#stream(request: Posted, signal: AbortSignal): AsyncGenerator<Buffer> {
    const error = (words: string) => Buffer.from(`data: Error: ${words}\n\n`);
    if (!this.tunnels.has(request.taskId)) return yield error('NoActiveConnectionForUser');
    if (this.stale.has(request.taskId)) return yield error('Connection refused (localhost:4000)');
    const answer = await ask(request, signal, request.payload).catch(() => null);
    if (answer === null) return yield error('The response ended prematurely. (ResponseEnded)');
    if (!answer.ok) return yield error('ResponseNotOk');
    const isEvents = answer.headers.get('content-type')?.includes('event-stream') === true;
    const wrap = featuresOf(this.version).stream === 'wrapped' && !isEvents;
    try {
      for await (const piece of answer.body ?? [])
        yield* wrap ? wrapped(piece) : [Buffer.from(piece)];
    } catch {
      yield error('The response ended prematurely. (ResponseEnded)');
    }
  }

  async *#scripted(): AsyncGenerator<Buffer> {
    for (const piece of this.script ?? []) {
      if (piece instanceof Error) throw piece;
      yield Buffer.from(piece);
      await new Promise(setImmediate);
    }
  }
}

export function problem(detail: string, status = 400, title = 'Invalid Request'): HeappeError {
  return new HeappeError('unclear', detail, { status, title, detail });
}

async function ask(request: NodeRequest, signal: AbortSignal, payload?: string): Promise<Response> {
  return await fetch(`http://127.0.0.1:${request.port}${request.path}`, {
    method: payload === undefined ? 'GET' : 'POST',
    headers: request.headers.map(({ Name, Value }): [string, string] => [Name, Value]),
    ...(payload === undefined ? {} : { body: payload }),
    signal,
  });
}

function* wrapped(piece: Uint8Array): Generator<Buffer> {
  const bytes = Buffer.from(piece);
  for (let at = 0; at < bytes.length; at += 256) {
    yield Buffer.from(`data: ${bytes.toString('utf8', at, at + 256)}\n\n`);
  }
}
