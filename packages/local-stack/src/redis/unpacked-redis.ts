import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { libraryPathOf, unpackPackages } from '../debian/unpack-packages.ts';
import { type RedisProgram, tryProgram } from './servers.ts';

/** Debian and Ubuntu carry the program in redis-tools, and redis-server is a link to it. */
const packages = ['redis-server', 'redis-tools'];

/**
 * Redis out of the distribution's package, unpacked into a folder of ours: no root, nothing installed.
 * @param directory kept between runs, so that only the first one needs the network
 * @returns null where there is no apt, no network, or no such package
 */
export async function unpackRedis(
  directory: string,
  report: (line: string) => void,
): Promise<RedisProgram | null> {
  const root = join(directory, 'unpacked');
  const file = join(root, 'usr/bin/redis-server');
  const kept = existsSync(file) ? await tryProgram(file, libraryPathOf(root)) : null;
  if (kept !== null) return kept;
  const unpacked = await unpackPackages({ packages, into: root, report });
  return unpacked ? tryProgram(file, libraryPathOf(root)) : null;
}
