import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pollTrue } from '../process/poll.ts';
import { followLog } from './follow-log.ts';

let directory: string;
let file: string;
let lines: string[];
let stop: () => void;

const seen = (expected: readonly string[]) =>
  pollTrue({ timeoutMs: 4000, everyMs: 20 }, () => lines.join() === expected.join());

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wakefield-log-'));
  file = join(directory, 'log');
  lines = [];
});
afterEach(() => {
  stop();
  rmSync(directory, { recursive: true, force: true });
});

test('tells whole lines, from now on, also of a file that comes later', async () => {
  stop = followLog(file, (line) => lines.push(line));
  writeFileSync(file, 'one\ntw');
  expect(await seen(['one'])).toBe(true);
  appendFileSync(file, 'o\n');
  expect(await seen(['one', 'two'])).toBe(true);
});

test('leaves out what was there before, and looks once more when it stops', () => {
  writeFileSync(file, 'old\n');
  stop = followLog(file, (line) => lines.push(line));
  appendFileSync(file, 'new\n');
  stop();
  expect(lines).toEqual(['new']);
});

test('goes on at the start of a file that was set back', async () => {
  writeFileSync(file, 'a long old line\n');
  stop = followLog(file, (line) => lines.push(line));
  truncateSync(file);
  appendFileSync(file, 'new\n');
  expect(await seen(['new'])).toBe(true);
});
