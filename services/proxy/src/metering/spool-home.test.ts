import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHome, type SpoolHome } from './spool-home.ts';

let root: string;
const homes: SpoolHome[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wakefield-home-'));
});
afterEach(async () => {
  for (const home of homes.splice(0)) await home.leave(true);
  rmSync(root, { recursive: true });
});

async function open(): Promise<SpoolHome> {
  const home = await openHome(root, Date.now);
  homes.push(home);
  return home;
}

/** Directories of processes of this machine that were killed: nobody listens on their locks. */
function leave(home: SpoolHome, count: number): void {
  const [host = ''] = basename(home.directory).split('-');
  for (let one = 0; one < count; one += 1) {
    const directory = join(root, `${host}-${String(one).padStart(16, '0')}`);
    mkdirSync(directory);
    writeFileSync(join(directory, 'lock'), '');
  }
}

async function claimed(home: SpoolHome): Promise<string[]> {
  const found: string[] = [];
  for await (const directory of home.claim()) found.push(directory);
  return found;
}

describe('a home in the spool', () => {
  it('of several that claim at once, each directory goes to one, and none fails', async () => {
    const all = await Promise.all([open(), open(), open(), open()]);
    const [first] = all;
    for (let round = 0; round < 5; round += 1) {
      leave(first, 40);
      const found = (await Promise.all(all.map(claimed))).flat();
      expect(new Set(found).size).toBe(40);
      expect(found).toHaveLength(40);
      for (const directory of found) rmSync(directory, { recursive: true });
    }
  });

  it('tells again what it has taken, whoever stopped listening in between', async () => {
    const home = await open();
    leave(home, 3);
    for await (const directory of home.claim()) {
      expect(readdirSync(root)).toContain(basename(directory));
      break;
    }
    expect(readdirSync(root).filter((name) => name.includes('.'))).toHaveLength(1);
    expect(await claimed(home)).toHaveLength(3);
    expect(await claimed(home)).toHaveLength(3);
  });
});
