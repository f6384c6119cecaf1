import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { migrationsFolder } from './migrate.ts';

const require = createRequire(import.meta.url);
const packageFolder = join(import.meta.dirname, '..');
/** Its exit code is 0 even when it fell over. */
const SUCCESS = /No schema changes|Your SQL migration file/;

/**
 * Compares `src/schema` with what the migrations build. For the checks of the repository: needs the
 * development dependencies.
 * @returns the SQL that a new migration would hold, or null when there is nothing to migrate
 */
export function missingMigration(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'wakefield-migrations-'));
  try {
    cpSync(migrationsFolder(), folder, { recursive: true });
    const known = new Set(readdirSync(folder));
    drizzleKit(folder, 'missing');
    const added = readdirSync(folder).filter((file) => !known.has(file));
    const sql = added.map((file) => readFileSync(join(folder, file), 'utf8'));
    return sql.length === 0 ? null : sql.join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Adds the missing migration, if there is one, for a person to review. */
export function writeMigration(name: string): void {
  drizzleKit(migrationsFolder(), name);
}

function drizzleKit(folder: string, name: string): void {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(dirname(require.resolve('drizzle-kit')), 'bin.cjs'),
      'generate',
      '--dialect=postgresql',
      '--schema=./src/schema/*.ts',
      // It takes every path for a relative one.
      `--out=${relative(packageFolder, folder)}`,
      `--name=${name}`,
    ],
    { cwd: packageFolder, encoding: 'utf8' },
  );
  if (!SUCCESS.test(stdout)) throw new Error(`drizzle-kit failed:\n${stdout}${stderr}`);
}
