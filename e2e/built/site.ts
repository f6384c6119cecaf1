import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@wakefield/local-stack';
import { readContainers } from './compose-file.ts';
import { type Finished, finished, outputOf, stop } from './processes.ts';

const root = join(import.meta.dirname, '../..');
/** The user of the image; only root can become somebody else. */
const imageUser = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};
/** The same in each container, which has a network of its own; on one machine each needs another. */
const containerOpsPort = '9090';

/** What stands in for a container: the process, and how to look after it as the engine does. */
export interface Container {
  readonly name: string;
  readonly url: string;
  readonly opsUrl: string;
  readonly process: ChildProcess;
  readonly output: () => string;
  /** The image's health check. @returns its exit code */
  checkHealth(): Promise<number | null>;
  /** SIGTERM, and SIGKILL when the grace is over. @returns exit code, null after SIGKILL */
  stop(): Promise<number | null>;
}

/** The folder `site` of docker-compose.yml, and the release that the image holds. */
export interface Site {
  readonly folder: string;
  readonly app: string;
  readonly key: string;
  /** Runs a service of docker-compose.yml; names of other services lead to `hosts`. */
  start(name: string, hosts: Readonly<Record<string, string>>): Promise<Container>;
  /** Runs one to its end, with these arguments, where there are any, instead of its command. */
  run(name: string, args?: readonly string[]): Promise<Finished>;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly installation: string;
  /** clusters.yaml, with `keyFile: keys/login`. */
  readonly clusters: string;
  readonly keyFile: string;
}

/** Builds the release as the Dockerfile does and lays out what docker-compose.yml mounts, readable for its user. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const home = await mkdtemp(join(tmpdir(), 'wakefield-built-'));
  await chmod(home, 0o755);
  const [app, folder] = [join(home, 'app'), join(home, 'site')];
  const build = [`${root}/scripts/build.ts`, '--out', app];
  const built = await finished(
    spawn(process.execPath, ['--conditions=source', ...build], { cwd: root }),
  );
  if (built.code !== 0) {
    await rm(home, { recursive: true, force: true });
    throw new Error(`the build failed:\n${built.output}`);
  }
  const key = randomBytes(32).toString('hex');
  await writeSite(folder, key, options);
  await makeVolume(join(home, 'volumes'));
  const containerOf = await readContainers(root);

  const environmentOf = (name: string, hosts: Readonly<Record<string, string>>) => ({
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...Object.fromEntries(
      Object.entries(containerOf(name).environment).map(([variable, value]) => [
        variable,
        mapped(value, folder, { ...hosts, 'redis://redis:6379': options.redisUrl }),
      ]),
    ),
    WAKEFIELD_INSTALLATION: options.installation,
    HOST: '127.0.0.1',
    OPS_HOST: '127.0.0.1',
  });
  const launch = (name: string, env: Record<string, string>, args: readonly string[] = []) => {
    const { entrypoint, command } = containerOf(name);
    // All begin with `node`.
    const words = [...entrypoint, ...(args.length > 0 ? args : command)].slice(1);
    return spawn(process.execPath, words, { cwd: app, env, ...imageUser });
  };

  return {
    folder,
    app,
    key,
    async start(name, hosts) {
      const [port, opsPort] = [await freePorts(1), await freePorts(1)];
      const env = { ...environmentOf(name, hosts), PORT: `${port}`, OPS_PORT: `${opsPort}` };
      const child = launch(name, env);
      const output = outputOf(child);
      const { healthCheck, stopGraceMs } = containerOf(name);
      const check = healthCheck
        .slice(1)
        .map((word) => word.replace(containerOpsPort, `${opsPort}`));
      return {
        name,
        url: `http://127.0.0.1:${port}`,
        opsUrl: `http://127.0.0.1:${opsPort}`,
        process: child,
        output,
        checkHealth: async () =>
          (await finished(spawn(process.execPath, check, { cwd: app, env, ...imageUser }))).code,
        stop: () => stop(child, stopGraceMs),
      };
    },
    run: (name, args = []) => finished(launch(name, environmentOf(name, {}), args)),
    close: () => rm(home, { recursive: true, force: true }),
  };
}

async function writeSite(folder: string, key: string, options: SiteOptions): Promise<void> {
  await mkdir(join(folder, 'secrets'), { recursive: true });
  await mkdir(join(folder, 'clusters/keys'), { recursive: true });
  await writeFile(join(folder, 'secrets/api_local_key'), `${key}\n`);
  await writeFile(join(folder, 'secrets/database_url'), `${options.databaseUrl}\n`);
  await writeFile(join(folder, 'clusters/clusters.yaml'), options.clusters);
  await cp(options.keyFile, join(folder, 'clusters/keys/login'));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() ? 0o500 : 0o400);
    if (imageUser.uid !== undefined) await chown(path, imageUser.uid, imageUser.gid);
  }
}

/** Where volumes are mounted that services write to. */
async function makeVolume(path: string): Promise<void> {
  await mkdir(path);
  if (imageUser.uid !== undefined) await chown(path, imageUser.uid, imageUser.gid);
}

/** A value of docker-compose.yml as it has to be where the containers share one machine. */
function mapped(value: string, folder: string, hosts: Readonly<Record<string, string>>): string {
  return (
    hosts[value] ??
    value
      .replace('/etc/wakefield', join(folder, 'clusters'))
      .replace('/run/secrets', join(folder, 'secrets'))
      .replace('/var/lib/wakefield', join(folder, '../volumes'))
  );
}
