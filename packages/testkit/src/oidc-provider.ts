import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider';

/** A real OpenID provider on this machine, whose users sign in without a password. */
export interface TestIssuer {
  readonly url: string;
  /** Who signs in from now on, and with which groups. */
  user: { readonly id: string; readonly groups: readonly string[] };
  /** Access tokens from now on: signed, or words that have to be asked about. */
  format: 'jwt' | 'opaque';
  /** Of access tokens from now on. */
  audience: string;
  /** Refuses who comes to sign in. */
  denies: boolean;
  /** The error that its token endpoint answers everything with; null: what is right. */
  tokenError: string | null;
  /** Of everybody. */
  refreshTokens(): readonly string[];
  /** Refresh tokens and sessions are worth nothing any more. */
  forgetEverybody(): void;
  close(): Promise<void>;
}

export interface TestIssuerOptions {
  /** Where browsers are sent back to. */
  readonly publicUrl: string;
  /** Seconds. */
  readonly accessTokenLife?: number;
}

/** Client of the browsers, and of introspection: `wakefield` with the secret `planted-client-secret`. */
export const testClient = { id: 'wakefield', secret: 'planted-client-secret' } as const;

export async function startTestIssuer(options: TestIssuerOptions): Promise<TestIssuer> {
  let provider: Provider | null = null;
  const server = createServer((request, response) => {
    if (provider === null) response.destroy();
    else if (issuer.tokenError !== null && request.url === '/token') {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: issuer.tokenError }));
    } else if (request.url?.startsWith('/interaction/'))
      void letIn(provider, issuer, request, response);
    else void provider.callback()(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const url = `http://127.0.0.1:${port}`;
  let generation = 0;
  const memory = createMemory();
  const issuer: TestIssuer = {
    url,
    user: { id: 'ada', groups: [] },
    format: 'jwt',
    audience: 'wakefield',
    denies: false,
    tokenError: null,
    // They are words under which it keeps what it knows of them.
    refreshTokens: () => memory.named('RefreshToken'),
    forgetEverybody: () => {
      generation += 1;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const forgotten = (made: number) => made < generation;
  provider = new Provider(url, {
    ...configurationOf(options, issuer, () => generation, forgotten),
    adapter: memory.adapter,
  });
  return issuer;
}

function configurationOf(
  { publicUrl, accessTokenLife = 300 }: TestIssuerOptions,
  issuer: TestIssuer,
  now: () => number,
  forgotten: (made: number) => boolean,
): Configuration {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };
  const made = new Map<string, number>();
  return {
    clients: [
      {
        client_id: testClient.id,
        client_secret: testClient.secret,
        redirect_uris: [`${publicUrl}/auth/callback/site`],
        post_logout_redirect_uris: [`${publicUrl}/swagger/index.html`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    // biome-ignore lint/suspicious/noExplicitAny: the type of a key there is stricter than what Node exports
    jwks: { keys: [key as any] },
    cookies: { keys: ['test'] },
    ttl: {
      AccessToken: accessTokenLife,
      Session: 3600,
      Grant: 3600,
      Interaction: 600,
      IdToken: 300,
      RefreshToken: 3600,
    },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'https://wakefield.test',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: issuer.audience,
          accessTokenTTL: accessTokenLife,
          accessTokenFormat: issuer.format,
          ...(issuer.format === 'jwt' ? { jwt: { sign: { alg: 'RS256' } } } : {}),
        }),
      },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    // A refresh token is good once, and twice is a theft: what we have to cope with.
    rotateRefreshToken: true,
    findAccount: (_context, id) => {
      const known = made.get(id) ?? now();
      made.set(id, known);
      return forgotten(known) ? undefined : { accountId: id, claims: () => ({ sub: id }) };
    },
    extraTokenClaims: () => ({ groups: [...issuer.user.groups] }),
    loadExistingGrant: async ({ oidc }) => {
      const clientId = oidc.client?.clientId ?? '';
      // A second one would end what was given out in this session by the first.
      const before = oidc.session?.grantIdFor(clientId);
      const existing = before === undefined ? undefined : await oidc.provider.Grant.find(before);
      if (existing !== undefined) return existing;
      const grant = new oidc.provider.Grant({
        clientId,
        accountId: oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  };
}

async function letIn(
  provider: Provider,
  { user, denies }: TestIssuer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const result = denies ? { error: 'access_denied' } : { login: { accountId: user.id } };
  await provider.interactionFinished(request, response, result);
}

interface Memory {
  readonly adapter: (model: string) => Adapter;
  /** Names under which something of this model is kept. */
  named(model: string): readonly string[];
}

/** Everything that it keeps, in memory; its own adapter for that warns on the console. */
function createMemory(): Memory {
  const kept = new Map<string, AdapterPayload>();
  const uids = new Map<string, string>();
  const adapter = (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    return {
      upsert: async (id, payload) => {
        kept.set(key(id), payload);
        if (payload.uid !== undefined) uids.set(payload.uid, id);
      },
      find: async (id) => kept.get(key(id)),
      findByUid: async (uid) => kept.get(key(uids.get(uid) ?? '')),
      findByUserCode: async () => undefined,
      destroy: async (id) => {
        kept.delete(key(id));
      },
      consume: async (id) => {
        const payload = kept.get(key(id));
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      revokeByGrantId: async (grantId) => {
        for (const [name, payload] of kept) if (payload.grantId === grantId) kept.delete(name);
      },
    };
  };
  return {
    adapter,
    named: (model) =>
      [...kept.keys()].flatMap((name) =>
        name.startsWith(`${model}:`) ? name.slice(model.length + 1) : [],
      ),
  };
}
