import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SetupError } from '@wakefield/local-stack';

/**
 * Test files that Jest would run, told before anything is brought up for them.
 * @param args as the caller gave them: patterns of paths, and options of Jest
 * @returns absolute paths
 * @throws SetupError in Jest's words when it does not take the arguments
 */
export function listTestFiles(root: string, args: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/jest/bin/jest.js'),
      ...['--selectProjects', 'unit', 'integration', 'e2e'],
      ...['--listTests', '--passWithNoTests', ...args],
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 16 << 20 },
  );
  if (status !== 0) throw new SetupError(`Jest does not take these arguments: ${stderr.trim()}`);
  return stdout.split('\n').filter((line) => line.startsWith(root));
}

/** Pure tests need no stores. */
export function needStores(files: readonly string[]): boolean {
  return files.some((file) => !file.endsWith('.test.ts'));
}

/** One opens a page in Chromium. */
export function needBrowser(files: readonly string[]): boolean {
  return files.some((file) => file.endsWith('/jupyter.e2e.ts'));
}
