import { type Asked, nodeTimeoutMs } from './asked.ts';
import { errorReply, type Reply } from './replies.ts';
import type { BridgeParts } from './through-tunnel.ts';

export const healthPath = '/health';
const modelsPath = '/v1/models';

/**
 * What an engine has against a request, where HEAppE loses its words (before 6.2.2).
 * - `request` the engine is well and knows the request's key: another would refuse it, too
 * - `key`     it is well, and does not
 * - `engine`  it is not well
 */
export type Objection = 'request' | 'key' | 'engine';

/** By two requests that change nothing. */
export async function findObjection(parts: BridgeParts, asked: Asked): Promise<Objection> {
  if (await succeeds(parts, { ...asked, path: modelsPath })) return 'request';
  const headers = [{ Name: 'Accept', Value: '*/*' }];
  return (await succeeds(parts, { ...asked, path: healthPath, headers })) ? 'key' : 'engine';
}

async function succeeds({ client }: BridgeParts, asked: Asked): Promise<boolean> {
  const { to, path, headers, signal } = asked;
  return await client.transfers.get({ ...to, path, headers }, signal).then(
    () => true,
    () => false,
  );
}

/** As the engines of our recipes say it. */
export function unknownKey(): Reply {
  return { status: 401, contentType: 'application/json', body: '{"error":"Unauthorized"}' };
}

/** @param what of HEAppE's calls */
export function timeoutReply(what: string): Reply {
  const seconds = nodeTimeoutMs / 1000;
  return errorReply('upstream_timeout', `HEAppE gives an engine ${seconds} s for ${what}.`);
}
