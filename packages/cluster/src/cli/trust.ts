import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { type ClusterConfig, parseClusters } from '../config/load-clusters.ts';
import { fetchHostKey } from '../ssh/fetch-host-key.ts';
import { fingerprint, formatHostKey, isPinned, parseHostKey } from '../ssh/host-key.ts';
import type { SshTarget } from '../ssh/target.ts';
import type { Terminal } from './terminal.ts';

interface Server {
  readonly role: string;
  readonly host: string;
  readonly port: number;
  readonly pinned: readonly string[];
  /** Where its key stands below the cluster. */
  readonly path: readonly string[];
}

/** What the caller said beforehand. */
export interface Consent {
  /** A first key may be pinned without asking. */
  readonly agreed: boolean;
  /** Fingerprints of keys that may take the place of pinned ones. */
  readonly replacements: readonly string[];
}

/**
 * Shows the keys of a cluster's ssh servers and, once somebody has agreed, writes them into clusters.yaml; comments
 * and layout of the file stay. A key that takes another's place has to be named: a mere yes is said too quickly.
 * @returns exit status
 */
export async function trust(
  config: ClusterConfig,
  path: string,
  terminal: Terminal,
  consent: Consent,
): Promise<number> {
  const servers = serversOf(config);
  if (servers.length === 0) {
    terminal.print(`${config.name} is not reached by ssh; there is no key to trust.`);
    return 0;
  }
  for (const server of servers) {
    const blob = await fetchHostKey(server, 15_000);
    if (!(await settle(server, blob, config.name, path, terminal, consent))) return 1;
  }
  return 0;
}

async function settle(
  server: Server,
  blob: Buffer,
  cluster: string,
  path: string,
  terminal: Terminal,
  consent: Consent,
): Promise<boolean> {
  const { role, host, port } = server;
  const key = formatHostKey(blob) ?? '';
  terminal.print(`${role} ${host}:${port} shows the key`);
  terminal.print(`  ${key.split(' ')[0]}  ${fingerprint(blob)}`);
  const pins = server.pinned.map(parseHostKey).filter((pin) => pin !== null);
  if (isPinned(blob, pins)) {
    terminal.print('It is the pinned one.');
    return true;
  }
  const may =
    pins.length > 0
      ? mayReplace(blob, cluster, terminal, consent)
      : await mayPin(cluster, terminal, consent);
  if (!may) {
    terminal.print('Nothing was changed.');
    return false;
  }
  return await pin(path, ['clusters', cluster, ...server.path, 'hostKey'], key, terminal);
}

async function mayPin(cluster: string, terminal: Terminal, { agreed }: Consent): Promise<boolean> {
  terminal.print('Compare it with what the centre publishes.');
  if (agreed) return true;
  const answer = await terminal.confirm('Is it the right one?');
  if (answer === null)
    terminal.print(
      `Nobody is here to be asked. Once you have compared: npm run cluster -- trust ${cluster} --yes`,
    );
  return answer === true;
}

function mayReplace(
  blob: Buffer,
  cluster: string,
  terminal: Terminal,
  { replacements }: Consent,
): boolean {
  if (replacements.includes(fingerprint(blob))) return true;
  terminal.print('THIS IS NOT THE PINNED KEY. Somebody may stand between; ask the centre first.');
  // Not to copy: the fingerprint has to come from somewhere else than from whoever answers.
  terminal.print('If the centre has changed it, say so by the fingerprint that it publishes:');
  terminal.print(`  npm run cluster -- trust ${cluster} --replace SHA256:…`);
  terminal.print(
    'Where several machines answer to that name, hostKey is a list: add the fingerprint to it.',
  );
  return false;
}

async function pin(
  path: string,
  keys: readonly string[],
  key: string,
  terminal: Terminal,
): Promise<boolean> {
  try {
    await pinKey(path, keys, key);
  } catch (error) {
    // In a container the file is mounted read-only.
    if (!isUnwritable(error)) throw error;
    terminal.print(`${path} cannot be written (${error.code}). Put this into it where it is kept:`);
    terminal.print(`  hostKey: ${key}`);
    return false;
  }
  terminal.print(`Pinned in ${path}.`);
  return true;
}

function isUnwritable(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && ['EROFS', 'EACCES', 'EPERM', 'EBUSY'].includes(code);
}

function serversOf(config: ClusterConfig): readonly Server[] {
  if (config.kind === 'local') return [];
  const { transport } = config;
  const jump = transport.kind === 'jump' ? [jumpHost(transport)] : [];
  if (config.kind === 'heappe') return jump;
  const { host, port, hostKey } = config;
  return [{ role: 'login node', host, port, pinned: hostKey, path: [] }, ...jump];
}

function jumpHost({ host, port, hostKey }: SshTarget): Server {
  return { role: 'jump host', host, port, pinned: hostKey, path: ['transport'] };
}

async function pinKey(path: string, keys: readonly string[], key: string): Promise<void> {
  const document = parseDocument(await readFile(path, 'utf8'));
  document.setIn(keys, key);
  const text = document.toString({ lineWidth: 0 });
  // A file that could not be read any more must not replace one that can.
  parseClusters(text, path);
  const { mode } = await stat(path);
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}
