export { bearerToken } from './bearer.ts';
export type { Identifier } from './identifier.ts';
export { firstOf } from './identifier.ts';
export type { LoginCookie, LoginCookieOptions } from './login-cookie.ts';
export { createLoginCookie } from './login-cookie.ts';
export type { KeyCheck } from './static-key.ts';
export { createKeyCheck, createStaticKeyIdentifier, staticPrincipal } from './static-key.ts';
