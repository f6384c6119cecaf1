import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What docker-compose.yml and the image say about running one service. */
export interface ContainerSpec {
  readonly entrypoint: readonly string[];
  /** Replaced by the arguments of `docker compose run`. */
  readonly command: readonly string[];
  /** The image's variables under the service's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly healthCheck: readonly string[];
  /** SIGKILL comes this long after SIGTERM. */
  readonly stopGraceMs: number;
}

interface ComposeService {
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
}

/** Reads the files that a site uses, so that a test runs what they say and not what it believes they say. */
export async function readContainers(root: string): Promise<(name: string) => ContainerSpec> {
  const dockerfile = await readFile(join(root, 'deploy/Dockerfile'), 'utf8');
  const compose = parse(await readFile(join(root, 'docker-compose.yml'), 'utf8'), {
    merge: true,
  }) as { readonly services: Readonly<Record<string, ComposeService>> };
  return (name) => {
    const service = compose.services[name];
    if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
    const { entrypoint = [], command = [], environment = {}, stop_grace_period = '10s' } = service;
    return {
      entrypoint,
      command,
      environment: {
        ...imageEnvironment(dockerfile),
        ...Object.fromEntries(
          Object.entries(environment).map(([key, value]) => [key, withDefaults(String(value))]),
        ),
      },
      healthCheck: healthCheck(dockerfile),
      stopGraceMs: millisecondsOf(stop_grace_period),
    };
  };
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };

/** `60s`, `1m30s`. */
function millisecondsOf(text: string): number {
  return [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? Number.NaN),
    0,
  );
}

/** `${NAME:-default}`, as where nothing is set. */
function withDefaults(value: string): string {
  return value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}

function imageEnvironment(dockerfile: string): Record<string, string> {
  const words = /^ENV (.*)$/m.exec(dockerfile)?.[1]?.split(' ') ?? [];
  return Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
}

function healthCheck(dockerfile: string): readonly string[] {
  const text = /^HEALTHCHECK [^[]*(\[.*\])$/ms.exec(dockerfile)?.[1];
  if (text === undefined) throw new Error('the Dockerfile has no health check');
  return JSON.parse(text.split('\n')[0] ?? '') as string[];
}
