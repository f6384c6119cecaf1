// Brings real Keycloak by Maven into the data directory. Running it again costs nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findCommand, SetupError } from '@wakefield/local-stack';
import { root } from './spawn.ts';

const version = '26.4.0';
const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
/** Of the artifact on Maven Central. */
const sha256 = '1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a';
const leastJava = 17;
/** Its goals are called by name, so that no newer plugin is looked for. */
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/**
 * @returns the folder of the distribution
 * @throws SetupError naming what is missing: nothing of this is tried where Java or Maven is not there
 */
export function setupKeycloak(): string {
  const directory = join(resolve(root, process.env.WAKEFIELD_DATA ?? '.wakefield'), 'keycloak');
  const home = join(directory, `keycloak-${version}`);
  const stamp = join(directory, '.installed');
  checkJava();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sha256) {
    console.log(`Keycloak is in place: ${home}`);
    return home;
  }
  mkdirSync(directory, { recursive: true });
  const archive = join(directory, `keycloak-quarkus-dist-${version}.zip`);
  if (!existsSync(archive) || digestOf(archive) !== sha256) {
    maven('fetching Keycloak (160 MB)', 'copy', directory);
    if (digestOf(archive) !== sha256) {
      rmSync(archive);
      throw new SetupError(`What Maven brought as ${artifact} is not what was pinned.`);
    }
  }
  rmSync(home, { recursive: true, force: true });
  maven('unpacking it', 'unpack', directory);
  writeFileSync(stamp, sha256);
  console.log(`Keycloak is in place: ${home}`);
  return home;
}

function checkJava(): void {
  const missing = ['java', 'mvn'].filter((name) => findCommand(name) === null);
  if (missing.length > 0)
    throw new SetupError(
      `Keycloak needs Java ${leastJava} and Maven; there is no ${missing.join(' and no ')} here. Debian: apt-get install openjdk-17-jre-headless maven`,
    );
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const found = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  if (found < leastJava)
    throw new SetupError(`Keycloak needs Java ${leastJava} or later; this is ${found}.`);
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function maven(what: string, goal: 'copy' | 'unpack', directory: string): void {
  const started = performance.now();
  // Without a project it leaves its notes on what it has unpacked where it stands.
  const stand = join(directory, '.maven');
  mkdirSync(stand, { recursive: true });
  process.stdout.write(`  ${what} … `);
  const done = spawnSync(
    'mvn',
    [
      ...['--batch-mode', '--quiet', '--strict-checksums', `${plugin}:${goal}`],
      ...[`-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`, '-Dmdep.useBaseVersion=true'],
    ],
    { cwd: stand, encoding: 'utf8', maxBuffer: 16 << 20 },
  );
  rmSync(stand, { recursive: true, force: true });
  if (done.status !== 0) {
    console.log('failed');
    throw new SetupError(
      `${what} failed:\n${done.stdout}${done.stderr}${done.error?.message ?? ''}`,
    );
  }
  console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
}
