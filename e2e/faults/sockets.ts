import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One TCP connection of this machine, as the kernel lists it (proc(5), /proc/net/tcp). */
interface Connection {
  readonly localPort: number;
  readonly remotePort: number;
  readonly established: boolean;
}

const established = '01';

/** Server processes that hold the far end of a connection of a client: how one session of sshd is told from another. */
export function servingEnds(clients: readonly number[], servers: readonly number[]): number[] {
  const table = connections();
  const ends = new Set(
    clients.flatMap((pid) => connectionsOf(pid, table)).map((one) => endsOf(one)),
  );
  return servers.filter((pid) =>
    connectionsOf(pid, table).some(({ localPort, remotePort }) =>
      ends.has(endsOf({ localPort: remotePort, remotePort: localPort })),
    ),
  );
}

/** Server processes with a connection to this port of theirs. */
export function servingAt(port: number, servers: readonly number[]): number[] {
  const table = connections();
  return servers.filter((pid) =>
    connectionsOf(pid, table).some(({ localPort }) => localPort === port),
  );
}

/** How many sockets a process holds, of every kind. */
export function socketCount(pid: number): number {
  return inodesOf(pid).length;
}

/** How many file descriptors a process holds. */
export function descriptorCount(pid: number): number {
  return descriptors(pid).length;
}

function endsOf({ localPort, remotePort }: Pick<Connection, 'localPort' | 'remotePort'>): string {
  return `${localPort}>${remotePort}`;
}

function connectionsOf(pid: number, table: ReadonlyMap<string, Connection>): Connection[] {
  return inodesOf(pid)
    .map((inode) => table.get(inode))
    .filter((one) => one !== undefined)
    .filter((one) => one.established);
}

function connections(): ReadonlyMap<string, Connection> {
  const found = new Map<string, Connection>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of quietly(() => readFileSync(file, 'utf8'), '')
      .split('\n')
      .slice(1)) {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line
        .trim()
        .split(/\s+/);
      found.set(inode, {
        localPort: portOf(local),
        remotePort: portOf(remote),
        established: state === established,
      });
    }
  return found;
}

/** `0100007F:1F90` */
function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

function inodesOf(pid: number): string[] {
  return descriptors(pid)
    .map((fd) => quietly(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''))
    .flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

function descriptors(pid: number): string[] {
  return quietly(() => readdirSync(`/proc/${pid}/fd`), []);
}

/** Processes end while they are looked at. */
function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
