// `npm run generate [-- MIGRATION-NAME]` rewrites what is made from the code: docs/reference and, where the schema
// has changed, a migration. `--check` writes nothing and ends with 1 when something would change.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildOpenApiDocument } from '../packages/contracts/src/index.ts';
import { missingMigration, writeMigration } from '../packages/store/src/schema-drift.ts';
import { configSchema as api } from '../services/api/src/config.ts';
import { configSchema as proxy } from '../services/proxy/src/config.ts';
import { configSchema as scheduler } from '../services/scheduler/src/config.ts';
import { configurationPage } from './generate/configuration-page.ts';
import { errorsPage } from './generate/errors-page.ts';
import { root } from './spawn.ts';

export interface GenerateOptions {
  /** Compare only. */
  readonly check: boolean;
  /** Of a migration that is missing. */
  readonly migrationName?: string;
}

/** @returns exit code: 1 when `check` found something that is not as it would be generated */
export async function generate({ check, migrationName }: GenerateOptions): Promise<number> {
  const stale = [...pages()].filter(([file, content]) => content !== current(file));
  const migration = missingMigration();
  if (check) {
    for (const [file] of stale) console.error(`${file} is out of date: npm run generate`);
    if (migration !== null)
      console.error(`a migration is missing: npm run generate -- NAME\n${migration}`);
    return stale.length === 0 && migration === null ? 0 : 1;
  }
  for (const [file, content] of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
    console.log(`wrote ${file}`);
  }
  if (migration !== null) {
    writeMigration(migrationName ?? 'change');
    console.log('wrote a migration; review it in packages/store/migrations');
  }
  if (stale.length === 0 && migration === null) console.log('everything is up to date');
  return 0;
}

/** Path → content. */
function pages(): Map<string, string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const services = [
    { name: 'proxy', schema: proxy, sourceFile: 'services/proxy/src/config.ts' },
    { name: 'api', schema: api, sourceFile: 'services/api/src/config.ts' },
    { name: 'scheduler', schema: scheduler, sourceFile: 'services/scheduler/src/config.ts' },
  ];
  return new Map([
    ['docs/reference/openapi.json', `${JSON.stringify(buildOpenApiDocument(version), null, 2)}\n`],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/configuration.md', configurationPage(root, services)],
  ]);
}

function current(file: string): string | null {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const name = process.argv.slice(2).find((arg) => !arg.startsWith('--'));
  process.exitCode = await generate({
    check: process.argv.includes('--check'),
    ...(name === undefined ? {} : { migrationName: name }),
  });
}
