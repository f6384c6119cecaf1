import { askTunnel, type TunnelState } from './ask-tunnel.ts';
import { type Asked, type Outcome, tookTooLong } from './asked.ts';
import { findObjection, healthPath, unknownKey } from './find-out.ts';
import { NodeTrouble, troubleOfCall } from './node-trouble.ts';
import { engineReply, errorReply, type Reply } from './replies.ts';
import { askFeatures, type BridgeParts, throughTunnel } from './through-tunnel.ts';
import type { Trouble } from './trouble.ts';
import type { Way } from './tunnels.ts';

/** A version that cannot tell a tunnel that leads nowhere from a dead engine gets a new tunnel this often at most. */
const blindRenewalMs = 30_000;

/**
 * A GET of an engine. HEAppE passes on the body of a 200 and, from 6.2.2 on, of an error; the status of an error is
 * read from its body, or found out.
 * @throws NodeTrouble
 */
export async function getFromNode(parts: BridgeParts, asked: Asked): Promise<Outcome> {
  try {
    const body = await throughTunnel(parts, asked.to, asked.signal, (way) =>
      get(parts, asked, way),
    );
    return { kind: 'reply', reply: engineReply(200, body) };
  } catch (error) {
    const trouble = troubleOfCall(error);
    if (trouble.trouble !== 'node_error') throw trouble;
    const { said } = trouble;
    const reply = said === null ? await unsaid(parts, asked) : engineReply(said.status, said.body);
    return { kind: 'reply', reply };
  }
}

async function get({ client, elapsed }: BridgeParts, asked: Asked, way: Way): Promise<string> {
  const { to, path, headers, signal } = asked;
  const startedAt = elapsed();
  try {
    return await client.transfers.get({ ...to, path, headers }, signal);
  } catch (error) {
    const trouble = troubleOfCall(error);
    if (trouble.trouble !== 'node_error' || trouble.said !== null || signal.aborted) throw trouble;
    if (tookTooLong(elapsed() - startedAt)) throw new NodeTrouble('timeout', trouble.message);
    const state = await askTunnel(client, to, signal);
    const isOld = elapsed() - way.askedAt > blindRenewalMs;
    throw new NodeTrouble(meaningOf(state, isOld), trouble.message, null, error);
  }
}

function meaningOf(state: TunnelState, isOld: boolean): Trouble {
  switch (state) {
    case 'stale':
      return 'stale';
    case 'gone':
      return 'no_tunnel';
    case 'open':
      return 'engine_gone';
    case 'unknown':
      return isOld ? 'stale' : 'node_error';
    case 'leads':
      return 'node_error';
  }
}

/** The engine has answered with an error, and without words, or they are lost. */
async function unsaid(parts: BridgeParts, asked: Asked): Promise<Reply> {
  const { tellsNodeErrors } = await askFeatures(parts, asked);
  const isHealth = asked.path.startsWith(healthPath);
  const objection = tellsNodeErrors || isHealth ? 'engine' : await findObjection(parts, asked);
  switch (objection) {
    case 'key':
      return unknownKey();
    case 'engine':
      return errorReply('overloaded', 'The engine is not well.');
    case 'request':
      return await onceMore(parts, asked);
  }
}

/** Releases that mend a tunnel inside of a call repeat the request without its headers (6.0 to 6.2.1). */
async function onceMore({ client }: BridgeParts, asked: Asked): Promise<Reply> {
  const { to, path, headers, signal } = asked;
  const words = 'The engine answered with an error that HEAppE keeps to itself.';
  return await client.transfers.get({ ...to, path, headers }, signal).then(
    (body) => engineReply(200, body),
    () => errorReply('upstream_error', words),
  );
}
