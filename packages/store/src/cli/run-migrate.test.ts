import { describe, expect, test } from '@jest/globals';
import { runMigrate } from './run-migrate.ts';

async function outcome(env: Record<string, string>) {
  const lines: string[] = [];
  const line = (text: string) => void lines.push(text);
  return { code: await runMigrate(env, { out: line, err: line }), lines };
}

describe('migrating from a terminal', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['no database', {}, /^DATABASE_URL has to be set$/],
    ['a file that is not there', { DATABASE_URL_FILE: '/nowhere/url' }, /ENOENT.*\/nowhere\/url/],
    [
      'a database that does not answer',
      { DATABASE_URL: 'postgres://app:s3cret@127.0.0.1:1/app' },
      /cannot be reached.*ECONNREFUSED 127\.0\.0\.1:1$/,
    ],
    ['no URL', { DATABASE_URL: 'postgres://app:s3cret@[/app' }, /not brought up to date\. ./],
  ])('%s is one line and exits with 78', async (_what, env, words) => {
    const { code, lines } = await outcome(env);
    expect(code).toBe(78);
    expect(lines).toEqual([expect.stringMatching(words)]);
    expect(lines[0]).not.toMatch(/\n|s3cret| {4}at /);
  });
});
