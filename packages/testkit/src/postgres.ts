import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, migrationsFolder } from '@wakefield/store';
import pg from 'pg';

/** A database of its own for one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

/** Any constant of our own: test processes that need the template wait for the one that makes it. */
const LOCK = 0x77616b74;

/**
 * Creates a migrated database on the server that WAKEFIELD_TEST_DATABASE_URL names. It is a copy of a
 * template that is migrated once per set of migrations, which takes a twentieth of the time of migrating.
 * @throws Error when the variable is missing
 */
export async function testDatabase(): Promise<TestDatabase> {
  const template = `wakefield_template_${migrationsHash()}`;
  const name = `wakefield_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(async (admin) => {
    await admin.query('select pg_advisory_lock($1)', [LOCK]);
    await makeTemplate(admin, template);
    await admin.query(`create database ${name} template ${template}`);
  });
  return { url: urlOf(name), drop: () => dropDatabase(name) };
}

/** As `testDatabase`, without any table in it. */
export async function emptyTestDatabase(): Promise<TestDatabase> {
  const name = `wakefield_test_${randomBytes(6).toString('hex')}`;
  await asAdmin((admin) => admin.query(`create database ${name}`));
  return { url: urlOf(name), drop: () => dropDatabase(name) };
}

/** Built under another name first: a template that exists is a whole one. */
async function makeTemplate(admin: pg.Client, template: string): Promise<void> {
  const { rows } = await admin.query('select 1 from pg_database where datname = $1', [template]);
  if (rows.length > 0) return;
  const unfinished = `${template}_unfinished`;
  await admin.query(`drop database if exists ${unfinished} with (force)`);
  await admin.query(`create database ${unfinished}`);
  await migrate(urlOf(unfinished));
  await admin.query(`alter database ${unfinished} rename to ${template}`);
}

async function dropDatabase(name: string): Promise<void> {
  await asAdmin((admin) => admin.query(`drop database if exists ${name} with (force)`));
}

async function asAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl() });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function adminUrl(): string {
  const url = process.env.WAKEFIELD_TEST_DATABASE_URL;
  if (url === undefined || url === '')
    throw new Error(
      'WAKEFIELD_TEST_DATABASE_URL is not set; `npm test` brings a server and sets it',
    );
  return url;
}

function urlOf(database: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  return url.href;
}

function migrationsHash(): string {
  const hash = createHash('sha256');
  const folder = migrationsFolder();
  for (const file of readdirSync(folder).sort())
    if (file.endsWith('.sql')) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}
