const scheme = 'bearer ';

/**
 * The token of a bearer `Authorization` header (RFC 6750 §2.1), or null when it is of another scheme, empty
 * or carries more than one word. The scheme's case does not matter (RFC 9110 §11.1).
 */
export function bearerToken(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length <= scheme.length) return null;
  if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return null;
  const token = authorization.slice(scheme.length).trim();
  return token === '' || token.includes(' ') ? null : token;
}
