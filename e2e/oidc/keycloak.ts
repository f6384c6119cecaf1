import { type ChildProcess, spawn } from 'node:child_process';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundToUs, freePorts, sendSignal } from '@wakefield/local-stack';
import { eventually } from '../wakefield.ts';
import { kidOf } from './forged.ts';
import { password } from './realm.ts';

/** Alone it takes 17 s; beside other things, much longer. */
const readyWithinMs = 420_000;
const admin = { username: 'root', password: 'planted-root-password' };

/** A real Keycloak in memory, with realms imported from JSON. */
export interface Keycloak {
  issuer(realm: string): string;
  /** An access token by user and password; of another client or with another scope if asked. */
  token(realm: string, user: string, client?: string): Promise<string>;
  /** What the token endpoint answers. */
  grant(realm: string, fields: Readonly<Record<string, string>>): Promise<Grant>;
  /** Signs with a new key from now on; the old one stays published. */
  rotateKeys(realm: string): Promise<void>;
  /** Signs with this key from now on. */
  useKey(realm: string, key: KeyObject): Promise<void>;
  /** The public key that a token names. */
  publicKeyOf(realm: string, token: string): Promise<JsonWebKey>;
  disable(realm: string, user: string): Promise<void>;
  /** As a crash would. Nothing is kept. */
  kill(): Promise<void>;
}

export interface Grant {
  readonly status: number;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly error?: string;
}

export async function startKeycloak(
  home: string,
  realms: Readonly<Record<string, object>>,
): Promise<Keycloak> {
  const folder = join(home, 'data/import');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, realm] of Object.entries(realms))
    await writeFile(join(folder, `${name}-realm.json`), JSON.stringify(realm));
  const port = await freePorts(1);
  const { child, output } = launch(home, port);
  const url = `http://127.0.0.1:${port}`;
  const issuer = (realm: string) => `${url}/realms/${realm}`;
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    sendSignal(-child.pid, 'SIGKILL');
    await gone;
  };
  await eventually(
    'Keycloak is ready',
    async () => {
      if (child.exitCode !== null) throw new Error('Keycloak ended');
      const asked = Object.keys(realms).map((realm) =>
        answers(`${issuer(realm)}/.well-known/openid-configuration`),
      );
      return (await Promise.all(asked)).every(Boolean);
    },
    readyWithinMs,
  ).catch(async (error: unknown) => {
    await kill();
    throw new Error(`Keycloak did not become ready:\n${output()}`, { cause: error });
  });
  const grant = (realm: string, fields: Readonly<Record<string, string>>) =>
    post(`${issuer(realm)}/protocol/openid-connect/token`, fields);
  const token = async (realm: string, user: string, client = 'wakefield-cli') => {
    const made = await grant(realm, {
      ...{ grant_type: 'password', client_id: client, scope: 'openid' },
      ...{ username: user, password },
    });
    if (made.access_token === undefined) throw new Error(`no token: ${JSON.stringify(made)}`);
    return made.access_token;
  };
  const asAdmin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const made = await grant('master', {
      ...{ grant_type: 'password', client_id: 'admin-cli' },
      ...admin,
    });
    const response = await fetch(`${url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${made.access_token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  const addKey = async (
    realm: string,
    providerId: string,
    config: Readonly<Record<string, readonly string[]>>,
  ): Promise<void> => {
    const { id } = (await asAdmin('GET', `/${realm}`)) as { readonly id: string };
    await asAdmin('POST', `/${realm}/components`, {
      name: `${providerId}-${Date.now()}`,
      parentId: id,
      providerId,
      providerType: 'org.keycloak.keys.KeyProvider',
      config: {
        ...{ priority: ['200'], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
        ...config,
      },
    });
  };
  return {
    issuer,
    token,
    grant,
    kill,
    rotateKeys: (realm) => addKey(realm, 'rsa-generated', { keySize: ['2048'] }),
    useKey: (realm, key) =>
      addKey(realm, 'rsa', { privateKey: [String(key.export({ type: 'pkcs8', format: 'pem' }))] }),
    publicKeyOf: async (realm, token) => {
      const answer = await fetch(`${issuer(realm)}/protocol/openid-connect/certs`);
      const { keys } = (await answer.json()) as { readonly keys: readonly JsonWebKey[] };
      const found = keys.find(({ kid }) => kid === kidOf(token));
      if (found === undefined) throw new Error(`no such key in the realm ${realm}`);
      return found;
    },
    disable: async (realm, user) => {
      const [found] = (await asAdmin('GET', `/${realm}/users?exact=true&username=${user}`)) as [
        { readonly id: string },
      ];
      await asAdmin('PUT', `/${realm}/users/${found.id}`, { ...found, enabled: false });
    },
  };
}

function launch(home: string, port: number): { child: ChildProcess; output: () => string } {
  const kc = [join(home, 'bin/kc.sh'), 'start-dev', '--import-realm'];
  const { command, args } = boundToUs(
    'bash',
    [...kc, '--http-host=127.0.0.1', `--http-port=${port}`],
    'SIGKILL',
  );
  const child = spawn(command, [...args], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      KC_DB: 'dev-mem',
      KC_CACHE: 'local',
      KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
      JAVA_OPTS_KC_HEAP: '-Xms128m -Xmx512m',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(-20_000);
    });
  return { child, output: () => text };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

async function post(url: string, fields: Readonly<Record<string, string>>): Promise<Grant> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
  return { ...((await response.json()) as Omit<Grant, 'status'>), status: response.status };
}
