import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  CompactSign,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
} from 'jose';

/** An issuer in the hands of a test: its keys, its words, and whether it answers. */
export interface IssuerFixture {
  readonly url: string;
  /** Requests that came, as `path`. */
  readonly asked: readonly string[];
  /** Signs with the newest key. */
  sign(claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  /** The newest key as everybody sees it. */
  publicKey(): { readonly kid: string; readonly jwk: JWK };
  /** A new key under a new name; the old one is forgotten. */
  rotate(): Promise<void>;
  /** What introspection says of a token. */
  readonly introspected: Map<string, Record<string, unknown>>;
  /** What UserOrg says of the holder of a token. */
  readonly members: Map<string, unknown>;
  /** Questions about tokens that begin like this get no answer yet. @returns lets them have it */
  hold(prefix: string): () => void;
  /** Status with which UserOrg answers everybody; null: as the members are. */
  orgStatus: number | null;
  /** Answers nothing but 500 while it is down. */
  down: boolean;
  close(): Promise<void>;
}

/** @param now wall clock in ms, of which tokens are made */
export async function startIssuer(now: () => number = Date.now): Promise<IssuerFixture> {
  const asked: string[] = [];
  const introspected = new Map<string, Record<string, unknown>>();
  const members = new Map<string, unknown>();
  let pair: { readonly kid: string; readonly privateKey: CryptoKey; readonly jwk: JWK };
  let generation = 0;
  let held: { readonly prefix: string; readonly over: Promise<void> } | null = null;
  const rotate = async (): Promise<void> => {
    generation += 1;
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = `key-${generation}`;
    pair = { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
  };
  await rotate();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '/';
    asked.push(path);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const token = new URLSearchParams(body).get('token') ?? '';
    if (held !== null && token.startsWith(held.prefix)) await held.over;
    const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const { status, value } = fixture.down ? broken : said(path, token, bearer);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const said = (path: string, token: string, bearer: string): Said => {
    switch (path) {
      case '/.well-known/openid-configuration':
        return ok(metadataOf(fixture.url));
      case '/jwks':
        return ok({ keys: [pair.jwk] });
      case '/introspect':
        return ok(introspected.get(token) ?? { active: false });
      case '/org/api/UserInfo/Extended':
        if (fixture.orgStatus !== null) return { status: fixture.orgStatus, value: {} };
        return members.has(bearer) ? ok(members.get(bearer)) : { status: 401, value: {} };
      default:
        return { status: 404, value: {} };
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };

  const fixture: IssuerFixture = {
    url: `http://127.0.0.1:${port}`,
    asked,
    introspected,
    members,
    publicKey: () => pair,
    rotate,
    hold: (prefix) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = { prefix, over: promise };
      return resolve;
    },
    orgStatus: null,
    down: false,
    sign: async (claims = {}, header = {}) => {
      const payload = {
        iss: fixture.url,
        sub: 'ada',
        aud: 'wakefield',
        exp: Math.floor(now() / 1000) + 300,
        ...claims,
      };
      return await new CompactSign(Buffer.from(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'ES256', kid: pair.kid, typ: 'JWT', ...header })
        .sign(pair.privateKey);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fixture;
}

interface Said {
  readonly status: number;
  readonly value: unknown;
}

const broken: Said = { status: 500, value: {} };
const ok = (value: unknown): Said => ({ status: 200, value });

function metadataOf(issuer: string): object {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    introspection_endpoint: `${issuer}/introspect`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}
