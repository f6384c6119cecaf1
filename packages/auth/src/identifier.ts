import type { Principal } from '@wakefield/domain';

/**
 * One way of telling who calls. OIDC and API keys add identifiers; nobody who asks one changes.
 * An identifier answers from memory: it sits on the proxy's hot path.
 */
export interface Identifier {
  /**
   * @param authorization the `Authorization` header as it came; undefined when there is none
   * @returns null when this identifier does not know the caller
   */
  identify(authorization: string | undefined): Principal | null;
}

/** Asks the identifiers in order; the first that knows the caller wins. */
export function firstOf(identifiers: readonly Identifier[]): Identifier {
  return {
    identify(authorization) {
      for (const identifier of identifiers) {
        const principal = identifier.identify(authorization);
        if (principal !== null) return principal;
      }
      return null;
    },
  };
}
