import { readFileSync } from 'node:fs';
import { types } from 'node:util';
import { migrate } from '../migrate.ts';

/** EX_CONFIG of sysexits.h: what is to be mended is a setting, or the database that it names. */
const WRONG_CONFIGURATION = 78;

export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/**
 * Brings the database of `DATABASE_URL` (or `DATABASE_URL_FILE`) up to date.
 * @returns the exit code; what goes wrong is one line
 */
export async function runMigrate(
  env: Readonly<Record<string, string | undefined>>,
  { out, err }: Terminal,
): Promise<number> {
  try {
    const databaseUrl = urlOf(env);
    if (databaseUrl === '') {
      err('DATABASE_URL has to be set');
      return WRONG_CONFIGURATION;
    }
    await migrate(databaseUrl);
    out('{"msg":"database is up to date"}');
    return 0;
  } catch (error) {
    err(describe(error));
    return WRONG_CONFIGURATION;
  }
}

function urlOf({ DATABASE_URL, DATABASE_URL_FILE }: Parameters<typeof runMigrate>[0]): string {
  if (DATABASE_URL) return DATABASE_URL;
  return DATABASE_URL_FILE ? readFileSync(DATABASE_URL_FILE, 'utf8').trim() : '';
}

/** The innermost words are the driver's: the host that did not answer, or the statement's fault. */
function describe(error: unknown): string {
  const words: string[] = [];
  // Not `instanceof`: an error may come from another realm.
  for (let here: unknown = error; types.isNativeError(here); here = here.cause) {
    const parts = 'errors' in here && Array.isArray(here.errors) ? here.errors : [];
    words.push(here.message, ...parts.map(String));
  }
  const line = [...new Set(words)]
    .map((word) => word.replace(/\.$/, ''))
    .filter((word) => word !== '')
    .join(': ')
    .replaceAll(/\s*\n\s*/g, ' ');
  // A connection string that cannot be read may be repeated by whoever could not read it.
  return `The database was not brought up to date. ${line.replaceAll(/:\/\/[^@\s]*@/g, '://***@')}`;
}
