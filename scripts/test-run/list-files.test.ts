import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { listTestFiles, needBrowser, needStores } from './list-files.ts';

const root = join(import.meta.dirname, '../..');

test('tells which files a pattern means, and that one means none', () => {
  expect(listTestFiles(root, ['test-run/tally'])).toEqual([
    join(import.meta.dirname, 'tally.test.ts'),
  ]);
  expect(listTestFiles(root, ['nosuchpattern'])).toEqual([]);
});

test('what Jest does not take is told in its words', () => {
  expect(() => listTestFiles(root, ['--bogus'])).toThrow(/does not take .*bogus/s);
});

test('pure tests need no stores', () => {
  expect(needStores(['/r/a.test.ts', '/r/b.test.ts'])).toBe(false);
  expect(needStores(['/r/a.test.ts', '/r/b.itest.ts'])).toBe(true);
  expect(needStores(['/r/e2e/start.e2e.ts'])).toBe(true);
});

test('the tests of a notebook need a browser, and no others', () => {
  const files = listTestFiles(root, ['e2e/services']);
  expect(needBrowser(files)).toBe(true);
  expect(needBrowser(files.filter((file) => !file.includes('jupyter')))).toBe(false);
});
