import type { Features } from '../features.ts';
import type { AnswerKind } from './aggregate.ts';
import { askForStream, streamedKind } from './ask-for-stream.ts';
import { type Asked, type Outcome, tookTooLong } from './asked.ts';
import { findObjection, timeoutReply, unknownKey } from './find-out.ts';
import { isJson } from './json.ts';
import { NodeTrouble, troubleOfCall, troubleOfStream } from './node-trouble.ts';
import { type NodeStream, openStream } from './open-stream.ts';
import { PlainFromStream, payloadsOf } from './plain-from-stream.ts';
import { engineReply, errorReply } from './replies.ts';
import { askFeatures, type BridgeParts, throughTunnel } from './through-tunnel.ts';

export interface Posted extends Asked {
  readonly payload: string;
}

/**
 * A POST to an engine. What may take long goes over HttpPostToJobNodeStream; the rest goes over HttpPostToJobNode
 * first, which gives the exact answer in all versions and is the one that later versions do not log with its
 * headers, but bounds the engine to 10 s.
 * @throws NodeTrouble
 */
export async function postToNode(parts: BridgeParts, asked: Posted): Promise<Outcome> {
  const features = await askFeatures(parts, asked);
  const kind = streamedKind(asked.path);
  if (kind === null || features.stream === 'none') {
    const outcome = await postPlainly(parts, asked, features);
    if (outcome !== null) return outcome;
  }
  return await postForStream(parts, asked, features, kind);
}

/** @returns null when it failed for no reason that is known: a stream tells more, and may take longer */
async function postPlainly(
  parts: BridgeParts,
  asked: Posted,
  features: Features,
): Promise<Outcome | null> {
  const startedAt = parts.elapsed();
  try {
    const body = await throughTunnel(parts, asked.to, asked.signal, () => post(parts, asked));
    return { kind: 'reply', reply: engineReply(200, body) };
  } catch (error) {
    const trouble = troubleOfCall(error);
    if (trouble.trouble !== 'node_error' || asked.signal.aborted) throw trouble;
    const { said } = trouble;
    if (said !== null) return { kind: 'reply', reply: engineReply(said.status, said.body) };
    if (features.stream !== 'none') return null;
    if (tookTooLong(parts.elapsed() - startedAt)) {
      return { kind: 'reply', reply: timeoutReply('an answer before version 6.1') };
    }
    return await refusedWithoutWords(parts, asked);
  }
}

async function postForStream(
  parts: BridgeParts,
  asked: Posted,
  features: Features,
  kind: AnswerKind | null,
): Promise<Outcome> {
  const wrapped = features.stream === 'wrapped';
  const payload = wrapped && kind !== null ? askForStream(asked.payload) : null;
  const { to, path, headers, signal } = asked;
  const request = { ...to, path, headers, payload: payload ?? asked.payload };
  const startedAt = parts.elapsed();
  let stream: NodeStream;
  try {
    stream = await throughTunnel(parts, to, signal, () =>
      openStream(parts.client, request, signal),
    );
  } catch (error) {
    const trouble = troubleOfCall(error);
    if (trouble.trouble === 'timeout') return gatewayGaveUp(parts.elapsed() - startedAt);
    if (trouble.trouble !== 'node_error' || signal.aborted) throw trouble;
    return await refusedStream(parts, asked, features, payload !== null);
  }
  const isPlain = payload !== null || (wrapped && isInPieces(stream));
  return isPlain ? await collect(stream, kind ?? 'text') : { kind: 'stream', stream };
}

/** A stream says only that the engine has refused. The plain call has its words; if it succeeds now, that is well. */
async function askForWords(parts: BridgeParts, asked: Posted): Promise<Outcome> {
  try {
    return { kind: 'reply', reply: engineReply(200, await post(parts, asked)) };
  } catch (error) {
    const { said } = troubleOfCall(error);
    const words = 'The engine refused the request, and did not say why in time.';
    const reply =
      said === null ? errorReply('upstream_error', words) : engineReply(said.status, said.body);
    return { kind: 'reply', reply };
  }
}

/** @param ours that it is a stream was our wish */
async function refusedStream(
  parts: BridgeParts,
  asked: Posted,
  features: Features,
  ours: boolean,
): Promise<Outcome> {
  if (features.tellsNodeErrors) return await askForWords(parts, asked);
  const plain = ours ? await askedPlainly(parts, asked) : null;
  return plain ?? (await refusedWithoutWords(parts, asked));
}

/** A stream was our wish: engines refuse some fields with it. @returns null when it is refused without, too */
async function askedPlainly(parts: BridgeParts, asked: Posted): Promise<Outcome | null> {
  const startedAt = parts.elapsed();
  try {
    return { kind: 'reply', reply: engineReply(200, await post(parts, asked)) };
  } catch (error) {
    const trouble = troubleOfCall(error);
    if (trouble.trouble !== 'node_error' || asked.signal.aborted) throw trouble;
    return tookTooLong(parts.elapsed() - startedAt)
      ? {
          kind: 'reply',
          reply: timeoutReply('an answer that cannot be streamed, before version 6.2.2'),
        }
      : null;
  }
}

function gatewayGaveUp(afterMs: number): Outcome {
  const seconds = Math.round(afterMs / 1000);
  const words = `Something between Wakefield and HEAppE gave up after ${seconds} s without a byte of the answer.`;
  return { kind: 'reply', reply: errorReply('upstream_timeout', words) };
}

async function refusedWithoutWords(parts: BridgeParts, asked: Posted): Promise<Outcome> {
  switch (await findObjection(parts, asked)) {
    case 'engine':
      throw new NodeTrouble('engine_gone', 'the engine refused the request and is not well');
    case 'key':
      return { kind: 'reply', reply: unknownKey() };
    case 'request': {
      const words = 'The engine refused the request. HEAppE before 6.2.2 does not pass on why.';
      return { kind: 'reply', reply: errorReply('invalid_request', words) };
    }
  }
}

/** Versions that wrap answers do it with those of engines that do not stream although they are asked to. */
function isInPieces({ first }: NodeStream): boolean {
  const [payload] = payloadsOf(first.toString('utf8'));
  return payload !== undefined && payload !== '[DONE]' && !isJson(payload);
}

async function collect(stream: NodeStream, kind: AnswerKind): Promise<Outcome> {
  const plain = new PlainFromStream(kind);
  try {
    for await (const piece of stream.pieces()) plain.push(piece);
  } catch (error) {
    throw troubleOfCall(error);
  } finally {
    stream.destroy();
  }
  if (stream.error !== null) throw troubleOfStream(stream.error);
  const outcome = plain.outcome();
  switch (outcome.kind) {
    case 'answer':
      return { kind: 'reply', reply: engineReply(200, outcome.body) };
    case 'error':
      return { kind: 'reply', reply: engineReply(outcome.status, outcome.body) };
    case 'cut':
      throw new NodeTrouble('engine_gone', 'the stream ended before the answer did');
    case 'mangled': {
      const words = 'This version of HEAppE has damaged the answer; ask for a stream instead.';
      return { kind: 'reply', reply: errorReply('upstream_error', words) };
    }
  }
}

async function post({ client }: BridgeParts, { to, path, headers, payload, signal }: Posted) {
  return await client.transfers.post({ ...to, path, headers, payload }, signal);
}
