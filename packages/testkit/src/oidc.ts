// A door of its own (`@wakefield/testkit/oidc`): a whole OpenID provider is not loaded by who does not need it.
export type { CookieJar } from './cookie-jar.ts';
export { createCookieJar } from './cookie-jar.ts';
export type { TestIssuer, TestIssuerOptions } from './oidc-provider.ts';
export { startTestIssuer, testClient } from './oidc-provider.ts';
