// Brings the database of DATABASE_URL (or DATABASE_URL_FILE) up to date; a step of its own before services start.
import { runMigrate } from './run-migrate.ts';

process.exitCode = await runMigrate(process.env, {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
});
