import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HeappeError } from '../http/heappe-error.ts';
import type { Call, Reply } from '../http/routes.ts';
import { NodeUnreachable, send } from '../tunnels/node-request.ts';
import {
  connectionError,
  readTransfer,
  type Transfer,
  transferComplaints,
  tunnelFor,
} from '../tunnels/transfer.ts';
import type { Tunnel } from '../tunnels/tunnels.ts';

/** HttpPostToJobNodeStream. Once the request has bound, the status is 200, and errors are lines of the stream. */
export async function streamFromNode(call: Call): Promise<Reply> {
  const { response, instance } = call;
  const asked = readTransfer(call, instance.traits);
  const complaints = transferComplaints(asked);
  if (complaints.length > 0) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`Validation failed: ${complaints.join('\n')}\n`);
    return 'streamed';
  }
  if (asked.headers === null) throw new HeappeError('internal', 'null');
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
    expires: '0',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const tunnel = tunnelFor(call, asked);
    await relay(call, await streamFrom(call, tunnel, asked, gone.signal));
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) response.end(`data: Error: ${messageOf(error)}\n\n`);
  }
  return 'streamed';
}

function messageOf(error: unknown): string {
  if (error instanceof HeappeError) return error.key;
  return error instanceof Error ? error.message : String(error);
}

async function streamFrom(
  call: Call,
  tunnel: Tunnel,
  asked: Transfer,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const contentType = (asked.headers ?? []).find(
    ({ name }) => name.toLowerCase() === 'content-type',
  )?.value;
  if (contentType !== undefined && !/^[\w.+-]+\/[\w.+-]+$/.test(contentType)) {
    throw new Error(`The format of value '${contentType}' is invalid.`);
  }
  // It is put behind `http://localhost:<port>` as it is.
  if (!asked.httpRequest.startsWith('/')) throw new Error('Invalid URI: Invalid port specified.');
  const others = (asked.headers ?? []).filter(({ name }) => name.toLowerCase() !== 'content-type');
  const headers = [
    ...others,
    { name: 'content-type', value: `${contentType ?? 'application/json'}; charset=utf-8` },
  ];
  const payload = asked.payload ?? '';
  const wanted = { method: 'POST', path: asked.httpRequest, headers, payload } as const;
  const response = await send(call.instance, tunnel, wanted, signal);
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    response.destroy();
    throw connectionError('ResponseNotOk');
  }
  return response;
}

const wrappedPiece = 256;

/** Copies what the node says; a node that breaks off in the middle is told of as HttpClient tells it. */
async function relay({ instance, response }: Call, source: IncomingMessage): Promise<void> {
  const { traits, faults } = instance;
  const isEvents = /^text\/event-stream/i.test(source.headers['content-type'] ?? '');
  let sent = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      for (const piece of traits.streaming === 'raw' || isEvents ? [chunk] : wrap(chunk)) {
        await write(response, piece);
      }
      sent += chunk.length;
      const { cutStreamsAfterBytes, stallStreamsAfterBytes } = faults.switches;
      if (cutStreamsAfterBytes !== null && sent >= cutStreamsAfterBytes) throw new Error('cut');
      if (stallStreamsAfterBytes !== null && sent >= stallStreamsAfterBytes) {
        await once(response, 'close');
      }
    }
  } catch (error) {
    source.destroy();
    throw new NodeUnreachable('The response ended prematurely. (ResponseEnded)', { cause: error });
  }
}

/** 6.1.0 to 6.2.1: pieces of whatever is no event stream become events; letters that a piece ends in are lost. */
function wrap(chunk: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < chunk.length; at += wrappedPiece) {
    const text = chunk.subarray(at, at + wrappedPiece).toString('utf8');
    pieces.push(Buffer.from(`data: ${text}\n\n`));
  }
  return pieces;
}

async function write(response: ServerResponse, piece: Buffer): Promise<void> {
  if (response.destroyed) throw new Error('the caller went away');
  if (!response.write(piece))
    await Promise.race([once(response, 'drain'), once(response, 'close')]);
}
