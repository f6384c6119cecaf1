import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** Callers with a token each, and the auth.yaml that lets them in. */
export interface Issued {
  readonly authFile: string;
  readonly tokens: readonly string[];
  close(): void;
}

const kid = 'bench';
const lifeSeconds = 6 * 3600;
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An issuer of this run, on loopback, and tokens of as many users. 100,000 take some seconds. */
export async function issueTokens(count: number, folder: string): Promise<Issued> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' };
  const server = createServer((request, response) => {
    const known: Record<string, object> = {
      '/.well-known/openid-configuration': metadataOf(issuer),
      '/jwks': { keys: [jwk] },
    };
    const found = known[request.url ?? ''];
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const authFile = join(folder, 'auth.yaml');
  await writeFile(authFile, authYaml(issuer));

  const head = encoded({ alg: 'ES256', kid, typ: 'JWT' });
  const exp = Math.floor(Date.now() / 1000) + lifeSeconds;
  const tokens = Array.from({ length: count }, (_, n) => {
    const groups = ['/projects/demo/members'];
    const text = `${head}.${encoded({ iss: issuer, sub: `user-${n}`, aud: 'wakefield', exp, groups })}`;
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  });
  return { authFile, tokens, close: () => void server.close().closeAllConnections() };
}

function metadataOf(issuer: string): object {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}

function authYaml(issuer: string): string {
  return `issuers:
  - name: bench
    issuer: ${issuer}
    audiences: [wakefield]
    grants:
      - { claim: groups, pattern: '/projects/{project}/{role}', roles: { members: user } }
`;
}
