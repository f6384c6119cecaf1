export type { Identifier } from './identifier.ts';
export { firstOf } from './identifier.ts';
export type { LoginCookie, LoginCookieOptions } from './login-cookie.ts';
export { createLoginCookie } from './login-cookie.ts';
export type { KeyCheck } from './static-key.ts';
export { createStaticKeyIdentifier } from './static-key.ts';
