export type { AuthFile, IssuerConfig } from './config/load-auth-file.ts';
export { AuthFileError, loadAuthFile, withoutAuthFile } from './config/load-auth-file.ts';
export type { Identified, Identifier } from './identifier.ts';
export { firstOf } from './identifier.ts';
export type { LoginCookie, LoginCookieOptions } from './login-cookie.ts';
export { createLoginCookie } from './login-cookie.ts';
export type { KeyCheck } from './static-key.ts';
export { createStaticKeyIdentifier } from './static-key.ts';
