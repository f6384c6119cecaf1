/** Claims of a token, as its issuer wrote them. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * The value at a path: `realm_access.roles`, or as a list where a name holds dots itself (Keycloak's
 * `resource_access` is keyed by client). Only what the issuer wrote is found, nothing that objects have by themselves.
 */
export function claimAt(claims: Claims, path: string | readonly string[]): unknown {
  const names = typeof path === 'string' ? path.split('.') : path;
  let here: unknown = claims;
  for (const name of names) {
    if (!isObject(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return here;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
