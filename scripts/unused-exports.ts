import { globSync, readFileSync } from 'node:fs';
import { findUnusedExports } from './exports/find-unused.ts';
import { root } from './spawn.ts';

/** Below this many files the search has gone blind. */
const FEWEST_FILES = 300;

/** @returns 0 when everything that is exported is taken by someone */
export function unusedExports(): number {
  const paths = globSync('{packages,services,scripts,e2e,bench}/**/*.{ts,mts,mjs}', {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === 'dist',
  }).filter((path) => !/(^|\/)(node_modules|dist)\//.test(path) && !path.endsWith('.d.mts'));
  const sources = new Map(paths.map((path) => [path, readFileSync(`${root}${path}`, 'utf8')]));
  const problems = [...findUnusedExports(sources)];
  if (paths.length < FEWEST_FILES) problems.push(`only ${paths.length} files were read`);
  for (const problem of problems) console.error(`  ${problem}`);
  return problems.length === 0 ? 0 : 1;
}
