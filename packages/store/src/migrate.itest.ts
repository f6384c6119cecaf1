import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptyTestDatabase, type TestDatabase } from '@wakefield/testkit';
import pg from 'pg';
import { migrate, migrationsFolder } from './migrate.ts';
import { openStore } from './open-store.ts';
import { missingMigration } from './schema-drift.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyTestDatabase();
});
afterAll(() => database.drop());

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** A process of its own that migrates. */
async function migrateElsewhere(): Promise<number> {
  const script = `
    import { migrate } from ${JSON.stringify(join(import.meta.dirname, 'migrate.ts'))};
    await migrate(${JSON.stringify(database.url)});
  `;
  const args = ['--conditions=source', '--input-type=module', '--eval', script];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code;
}

test('before the first migration a ping says so', async () => {
  const store = openStore({
    databaseUrl: database.url,
    poolSize: 1,
    applicationName: 'migrate-itest',
    statementTimeoutMs: 1_000,
    onError: () => undefined,
  });
  await expect(store.ping()).rejects.toMatchObject({ name: 'StoreError', sqlState: '42P01' });
  await store.close();
});

test('three processes and this one migrate an empty database at once', async () => {
  const codes = await Promise.all([
    migrateElsewhere(),
    migrateElsewhere(),
    migrateElsewhere(),
    migrate(database.url).then(() => 0),
  ]);
  expect(codes).toEqual([0, 0, 0, 0]);
  const files = readdirSync(migrationsFolder()).filter((file) => file.endsWith('.sql'));
  expect(await query('select id from schema_migrations')).toHaveLength(files.length);
  expect(await query('select single, revision from route_revision')).toEqual([
    { single: true, revision: '1' },
  ]);
}, 30_000);

test('again is no trouble, and leaves the data alone', async () => {
  await query('update route_revision set revision = 7');
  await migrate(database.url);
  expect(await query('select revision from route_revision')).toEqual([{ revision: '7' }]);
});

test('every table lies in the public schema', async () => {
  const schemas = await query(
    "select distinct table_schema from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
  );
  expect(schemas).toEqual([{ table_schema: 'public' }]);
});

test('no server: store_unavailable', async () => {
  await expect(migrate('postgres://app@127.0.0.1:1/app')).rejects.toMatchObject({
    code: 'store_unavailable',
  });
});

test('the migrations build what the schema says', () => {
  expect(missingMigration()).toBeNull();
}, 30_000);
