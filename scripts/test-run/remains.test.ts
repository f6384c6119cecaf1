import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { scratchPrefix, sweepRemains } from './remains.ts';

let parent: string;
/** Of a process that is over. */
let gone: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'wakefield-remains-'));
  gone = join(parent, `${scratchPrefix}${spawnSync('true').pid}-a`);
  mkdirSync(gone);
  writeFileSync(join(gone, 'file'), '');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('what a killed run left is removed, what a living one uses is not', async () => {
  const alive = join(parent, `${scratchPrefix}${process.pid}-b`);
  mkdirSync(alive);
  await sweepRemains(parent);
  expect([existsSync(gone), existsSync(alive)]).toEqual([false, true]);
});

test("another user's remains are left alone", async () => {
  await sweepRemains(parent, (process.getuid?.() ?? 0) + 1);
  expect(existsSync(join(gone, 'file'))).toBe(true);
});

test('a link is not followed', async () => {
  const target = join(parent, 'precious');
  mkdirSync(target);
  symlinkSync(target, `${gone}-link`);
  await sweepRemains(parent);
  expect(existsSync(target)).toBe(true);
});
