// Brings the database of DATABASE_URL (or DATABASE_URL_FILE) up to date; a step of its own before services start.
import { readFileSync } from 'node:fs';
import { migrate } from '../migrate.ts';

const { DATABASE_URL, DATABASE_URL_FILE } = process.env;
const databaseUrl =
  DATABASE_URL ?? (DATABASE_URL_FILE && readFileSync(DATABASE_URL_FILE, 'utf8').trim());
if (databaseUrl) {
  await migrate(databaseUrl);
  process.stdout.write('{"msg":"database is up to date"}\n');
} else {
  process.stderr.write('DATABASE_URL has to be set\n');
  process.exitCode = 78;
}
