import type { Principal } from '@wakefield/domain';

/**
 * Who was found: at once where it is known from memory, later where it has to be looked up.
 * A promise rejects with an AppError: `invalid_api_key` (the credential is known to be bad, and why) or
 * `issuer_unavailable` (nobody can tell now).
 */
export type Identified = Principal | null | Promise<Principal | null>;

/** One way of telling who calls. It sits on the proxy's hot path: what was seen before is answered from memory. */
export interface Identifier {
  /**
   * @param authorization the `Authorization` header as it came; undefined when there is none
   * @returns null when this identifier does not know the caller
   */
  identify(authorization: string | undefined): Identified;
}

/** Asks the identifiers in order; the first that knows the caller wins. */
export function firstOf(identifiers: readonly Identifier[]): Identifier {
  const from = (index: number, authorization: string | undefined): Identified => {
    const found = identifiers[index]?.identify(authorization);
    if (found === undefined) return null;
    if (found === null) return from(index + 1, authorization);
    if (!(found instanceof Promise)) return found;
    return found.then((later) => later ?? from(index + 1, authorization));
  };
  return { identify: (authorization) => from(0, authorization) };
}
