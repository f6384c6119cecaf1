import { types } from 'node:util';
import { withoutPassword } from './describe-config.ts';
import { errorRecord } from './error-record.ts';

/** The first release that has everything our code uses; package.json asks npm for less, because scripts bring it. */
const OLDEST_NODE = 24;
/** EX_CONFIG of sysexits.h. */
const WRONG_CONFIGURATION = 78;

/** What of `process` a start needs. */
export interface StartHost {
  readonly stderr: { write(text: string): unknown };
  readonly versions: { readonly node: string };
  exit(code: number): void;
}

/**
 * Runs a process's start and ends it with a readable message when that fails: 78 (EX_CONFIG) for what whoever runs
 * it has to mend (a wrong configuration, a file that cannot be read, a Node that is too old), 1 for anything else.
 */
export async function runMain(
  start: () => Promise<void>,
  host: StartHost = process,
): Promise<void> {
  const { node } = host.versions;
  if (Number.parseInt(node, 10) < OLDEST_NODE) {
    host.stderr.write(`Node ${OLDEST_NODE} or later is needed; this is ${node}.\n`);
    host.exit(WRONG_CONFIGURATION);
    return;
  }
  try {
    await start();
  } catch (error) {
    if (isToMend(error)) {
      host.stderr.write(`${withoutPassword(error.message)}\n`);
      host.exit(WRONG_CONFIGURATION);
      return;
    }
    host.stderr.write(
      `${JSON.stringify({ level: 'fatal', msg: 'start failed', err: errorRecord(error) })}\n`,
    );
    host.exit(1);
  }
}

/** Errors that say so themselves, and files that cannot be read, also as the cause of an error with better words. */
function isToMend(error: unknown): error is Error {
  if (!types.isNativeError(error)) return false;
  if ('exitCode' in error && error.exitCode === WRONG_CONFIGURATION) return true;
  return isFileError(error) || isFileError(error.cause);
}

const fileCodes = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR']);

/** Not a socket that is missing: that has no path, or is connected to. */
function isFileError(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  return (
    fileCodes.has(code ?? '') && (path !== undefined || syscall === 'read') && syscall !== 'connect'
  );
}
