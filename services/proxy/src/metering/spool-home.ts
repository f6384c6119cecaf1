import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { EpochMs } from '@wakefield/domain';
import { onFile } from './segment.ts';
import { refuseForeign } from './spool-root.ts';

/** A directory of a process, and behind a dot the process that wrote what is in it, where that was another one. */
const form = /^[0-9a-f]{8}-[0-9a-f]{16}(?:\.[0-9a-f]{8}-[0-9a-f]{16})?$/;
/** Made, and not yet to be looked at. */
const unfinished = '.new-';
const lockName = 'lock';
const heartbeatName = 'heartbeat';
/** Whoever cannot be asked whether it lives is given up after so long without a sign. */
const silentMs = 10 * 60_000;

/**
 * A directory of this process below the spool's, and its right to what others have left there. The right is a socket
 * that the process listens on: the kernel closes it with the process, however that ends, and it can be asked from other
 * containers of the same machine, where process ids mean nothing. Of processes of another machine, or from before a
 * reboot, the time of their last sign decides.
 */
export interface SpoolHome {
  readonly directory: string;
  /** Shows that it lives. @throws SpoolFileError; missing: the directory has been deleted */
  beat(): Promise<void>;
  /**
   * Takes what dead processes have left, and tells what it took before, too. Of two that try at the same time one gets
   * it. Each directory is told as soon as it is taken: nobody else looks at it while this process lives.
   */
  claim(): AsyncIterable<string>;
  /** @param clean whether the directory may go, with all that is in it */
  leave(clean: boolean): Promise<void>;
}

/** @throws where the directory cannot be made or written to, or others could put something there */
export async function openHome(root: string, now: () => EpochMs): Promise<SpoolHome> {
  const id = `${hostId()}-${randomBytes(8).toString('hex')}`;
  const directory = join(root, id);
  const raw = join(root, `${unfinished}${id}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await refuseForeign(root);
  await mkdir(raw, { mode: 0o700 });
  await writeFile(join(raw, heartbeatName), '');
  const lock = await listenIn(raw);
  // Complete when it appears: nobody takes it for what a dead one has left.
  await rename(raw, directory);
  await removeUnfinished(root, now);
  return {
    directory,
    beat: () => onFile(directory, () => beat(join(directory, heartbeatName), now() / 1000)),
    claim: () => claim(root, id, now),
    leave: async (clean) => {
      // Without a lock, which goes when it is closed, and without a sign nobody lives here.
      await rm(clean ? directory : join(directory, heartbeatName), {
        recursive: true,
        force: true,
      });
      lock?.close();
    },
  };
}

async function beat(heartbeat: string, seconds: number): Promise<void> {
  try {
    await utimes(heartbeat, seconds, seconds);
  } catch {
    // Where no more than the file is gone, the place is as good as before.
    await writeFile(heartbeat, '');
  }
}

async function* claim(root: string, id: string, now: () => EpochMs): AsyncIterable<string> {
  const host = hostOf(id);
  for (const name of await readdir(root)) {
    if (!form.test(name)) continue;
    const [owner = '', writer = owner] = name.split('.');
    if (owner === id) {
      if (name !== id) yield join(root, name);
      continue;
    }
    if (await lives(join(root, owner), hostOf(owner) === host, now)) continue;
    const mine = join(root, `${id}.${writer}`);
    if (await renamed(join(root, name), mine)) yield mine;
  }
}

function hostOf(id: string): string {
  return id.slice(0, id.indexOf('-'));
}

/** The same for all processes of one machine since it was booted, whatever container they are in. */
function hostId(): string {
  let boot: string;
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    boot = hostname();
  }
  return createHash('sha256').update(boot).digest('hex').slice(0, 8);
}

/** @returns null on file systems without sockets: there the last sign decides */
async function listenIn(directory: string): Promise<Server | null> {
  const way = shortWay(directory);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return await new Promise((resolve) => {
    server.once('error', () => {
      way.close();
      resolve(null);
    });
    // Of this very process: `cluster` would else let its first one listen, which may live for longer.
    server.listen({ path: join(way.path, lockName), exclusive: true }, () => resolve(server));
    server.once('close', way.close);
  });
}

async function lives(home: string, isOfThisHost: boolean, now: () => EpochMs): Promise<boolean> {
  const hasLock = await exists(join(home, lockName));
  if (hasLock && isOfThisHost) return await answers(home);
  try {
    return (await stat(join(home, heartbeatName))).mtimeMs > now() - silentMs;
  } catch {
    return false;
  }
}

/** Whatever is no clear answer counts as life: then nothing is taken. So does one that cannot be asked. */
async function answers(home: string): Promise<boolean> {
  let way: ReturnType<typeof shortWay> | undefined;
  try {
    way = shortWay(home);
    const { path } = way;
    return await new Promise((resolve) => {
      const socket = connect(join(path, lockName));
      socket.once('connect', () => resolve(true));
      socket.once('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code !== 'ECONNREFUSED'),
      );
      socket.once('connect', () => socket.destroy());
    });
  } catch {
    return true;
  } finally {
    way?.close();
  }
}

/** The path of a socket has to be shorter than those of directories may be (unix(7): 108 bytes). */
function shortWay(directory: string): { readonly path: string; readonly close: () => void } {
  if (process.platform !== 'linux') return { path: directory, close: () => undefined };
  const fd = openSync(directory, 'r');
  return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
}

async function removeUnfinished(root: string, now: () => EpochMs): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(unfinished)) continue;
    const path = join(root, name);
    const at = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => now(),
    );
    if (at < now() - silentMs) await rm(path, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function renamed(from: string, to: string): Promise<boolean> {
  return await rename(from, to).then(
    () => true,
    () => false,
  );
}
