import { readFileSync } from 'node:fs';

/** Of a row of /proc/net/tcp (proc(5)): a connection that is in no process any more has no inode. */
const [localColumn, remoteColumn, inodeColumn] = [1, 2, 9] as const;

const portOf = (address = ''): number =>
  Number.parseInt(address.slice(address.indexOf(':') + 1), 16);

/**
 * How many connections a server still holds of those that come from these ports. Its clients would not see all of it: who
 * does not close hears nothing more.
 * @param table text of /proc/net/tcp
 */
export function heldBy(
  table: string,
  serverPort: number,
  clientPorts: ReadonlySet<number>,
): number {
  let count = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const isOurs = portOf(columns[localColumn]) === serverPort && columns[inodeColumn] !== '0';
    if (isOurs && clientPorts.has(portOf(columns[remoteColumn]))) count += 1;
  }
  return count;
}

/** NaN where the system does not tell. */
export function heldNow(serverPort: number, clientPorts: ReadonlySet<number>): number {
  try {
    return heldBy(readFileSync('/proc/net/tcp', 'latin1'), serverPort, clientPorts);
  } catch {
    return Number.NaN;
  }
}
