import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where the spool is if nobody says: in the state of this user (XDG Base Directory Specification), where nobody else
 * makes directories. Of several installations each has its own.
 * @param given `$XDG_STATE_HOME`
 * @throws where this user has no home
 */
export function usualSpoolRoot(
  installation: string,
  given: string | null,
  home: () => string = homedir,
): string {
  // A relative one is to be passed over, says the specification.
  const state = given !== null && isAbsolute(given) ? given : join(home(), '.local', 'state');
  return join(state, 'wakefield', `usage-${installation}`);
}

/**
 * What is in the spool is taken for what a dead proxy has left, and charged for: nobody else may put anything there.
 * Root may, and the group of a volume that an orchestrator mounts.
 * @throws where somebody could
 */
export async function refuseForeign(root: string, own = process.getuid?.()): Promise<void> {
  const { uid, mode } = await stat(root);
  if (own === undefined) return;
  if (uid !== own && uid !== 0) {
    throw new Error(`USAGE_SPOOL: ${root} belongs to user ${uid}; this process is user ${own}`);
  }
  if ((mode & 0o002) !== 0) throw new Error(`USAGE_SPOOL: everybody may write to ${root}`);
}
