import pg from 'pg';
import { withoutPassword } from '../password.ts';
import type { Daemon } from '../process/daemon.ts';
import { poll } from '../process/poll.ts';
import { SetupError } from '../setup-error.ts';

/** Whether a server answers there: its version number (150018), or why not. */
type Answer =
  | { readonly kind: 'up'; readonly version: number }
  | { readonly kind: 'starting'; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string };

/** Long enough for a server of ours to find its port taken and end. */
const strangerMs = 5_000;

/** SQLSTATE 57P03, and what a socket says while nobody listens. */
const startingCodes = new Set(['57P03', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN']);

async function ask(url: string): Promise<Answer> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      "select current_setting('server_version_num') as version",
    );
    return { kind: 'up', version: Number(rows[0]?.version) };
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    const detail = message || code;
    return { kind: startingCodes.has(code) ? 'starting' : 'refused', detail };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Waits until the server takes queries.
 * @param daemon its process, where it is ours: no waiting for one that is over
 * @returns server_version_num, or null when the process ended meanwhile
 */
export async function awaitServer(
  url: string,
  daemon: Daemon | null,
  timeoutMs: number,
): Promise<number | null> {
  let last = 'no answer';
  let refusedSince: number | null = null;
  const answer = await poll({ timeoutMs, everyMs: 25 }, async () => {
    if (daemon !== null && daemon.exit() !== null) return null;
    const now = await ask(url);
    if (now.kind === 'up') return now.version;
    last = now.detail;
    refusedSince = now.kind === 'refused' ? (refusedSince ?? performance.now()) : null;
    // Whoever refuses on a port of ours may be another's server: then ours is about to give up for want of the port.
    const patienceMs = daemon === null ? 0 : strangerMs;
    if (refusedSince !== null && performance.now() - refusedSince >= patienceMs)
      throw new SetupError(`PostgreSQL at ${withoutPassword(url)}: ${last}`);
    return undefined;
  });
  if (answer === undefined)
    throw new SetupError(
      `PostgreSQL at ${withoutPassword(url)} does not answer after ${timeoutMs / 1000} s: ${last}`,
    );
  return answer;
}

/** Creates the database unless it is there. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
