import type { Log } from '@wakefield/control';
import { isAppError, type Principal } from '@wakefield/domain';
import { parseAuthFile } from '../src/config/load-auth-file.ts';
import { boundedFetch } from '../src/http/bounded-fetch.ts';
import type { Identified } from '../src/identifier.ts';
import { createIssuer } from '../src/tokens/issuer.ts';
import { createTokenIdentifier, type TokenIdentifier } from '../src/tokens/token-identifier.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Identifies by the issuers of an auth.yaml. */
export function identifierOf(
  yaml: string,
  folder: string,
  now: () => number,
  log: Log = silent,
): TokenIdentifier {
  const { issuers } = parseAuthFile(yaml, `${folder}/auth.yaml`);
  const deps = { fetch: boundedFetch, now, log };
  return createTokenIdentifier(
    issuers.map((config) => createIssuer(config, deps)),
    deps,
  );
}

/** Who it is, or why nobody: `expired`-like words of the refusal with its code. */
export async function outcome(found: Identified): Promise<Principal | string | null> {
  try {
    return await found;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}
