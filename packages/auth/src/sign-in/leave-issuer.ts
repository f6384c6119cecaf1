import { buildEndSessionUrl, tokenRevocation } from 'openid-client';
import type { OwnClient } from '../config/load-auth-file.ts';
import type { IssuerMetadata } from '../tokens/issuer-metadata.ts';

/** Takes a refresh token back (RFC 7009), where its issuer has a place for that. */
export async function revoke(
  metadata: IssuerMetadata,
  client: OwnClient,
  refreshToken: string,
): Promise<void> {
  const configuration = await metadata.configurationOf(client);
  if (configuration.serverMetadata().revocation_endpoint === undefined) return;
  await tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' });
}

/** Where a person signs out at the issuer (OpenID Connect RP-Initiated Logout 1.0); null where there is no such place. */
export async function signOutPlace(
  metadata: IssuerMetadata,
  client: OwnClient,
  returnTo: string,
): Promise<string | null> {
  const configuration = await metadata.configurationOf(client);
  if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
  // Named by the client's id: an ID token would stand in the address of the page.
  return buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo }).href;
}
