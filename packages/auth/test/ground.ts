import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';

/** What every test begins with. */
export interface Ground {
  /** For auth.yaml; `secret` in it is a client's. */
  folder: string;
  /** The time, which only tests move. */
  clock: number;
  readonly now: () => number;
}

/** Anew for each test of a file. */
export function useGround(): Ground {
  const ground: Ground = { folder: '', clock: 0, now: () => ground.clock };
  beforeEach(() => {
    ground.clock = 1_790_000_000_000;
    ground.folder = mkdtempSync(join(tmpdir(), 'auth-'));
    writeFileSync(join(ground.folder, 'secret'), 'introspection-secret\n');
  });
  afterEach(() => rmSync(ground.folder, { recursive: true }));
  return ground;
}
