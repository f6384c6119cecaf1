import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findCommands } from '../process/find-command.ts';

/** A server program that speaks Redis' protocol and runs here. */
export interface RedisProgram {
  readonly file: string;
  readonly version: string;
  /** For programs that brought their libraries along. */
  readonly libraryPath: string | null;
}

/** BullMQ asks for 6.2 (its `Queue` warns below); Valkey began as 7.2. */
const oldest = [6, 2] as const;

/** The first of redis-server and valkey-server that starts and is new enough. */
export async function findRedisProgram(): Promise<RedisProgram | null> {
  for (const file of [...findCommands('redis-server'), ...findCommands('valkey-server')]) {
    const program = await tryProgram(file, null);
    if (program !== null) return program;
  }
  return null;
}

/** @returns null when it does not run (a library is missing) or is too old */
export async function tryProgram(
  file: string,
  libraryPath: string | null,
): Promise<RedisProgram | null> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], {
      timeout: 10_000,
      ...(libraryPath === null ? {} : { env: { LD_LIBRARY_PATH: libraryPath } }),
    });
    const version = parseRedisVersion(stdout);
    return version !== null && isRecent(version) ? { file, version, libraryPath } : null;
  } catch {
    return null;
  }
}

/** `Redis server v=7.0.15 sha=…` or `Valkey server v=8.0.1 …` → `7.0.15` */
export function parseRedisVersion(text: string): string | null {
  return /server v=(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? null;
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}
