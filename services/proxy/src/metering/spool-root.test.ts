import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answer, useSpools } from '../../test/spool-scene.ts';
import { openHome } from './spool-home.ts';
import { refuseForeign, usualSpoolRoot } from './spool-root.ts';

describe('where nobody says', () => {
  const home = () => '/home/me';

  it.each([
    [null, '/home/me/.local/state/wakefield/usage-main'],
    ['/state', '/state/wakefield/usage-main'],
    ['state', '/home/me/.local/state/wakefield/usage-main'],
    ['', '/home/me/.local/state/wakefield/usage-main'],
  ])('the spool is in the state of its user: %j', (given, expected) => {
    expect(usualSpoolRoot('main', given, home)).toBe(expected);
  });
});

describe('a directory for the spool', () => {
  const scene = useSpools();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wakefield-root-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is made for its user alone', async () => {
    const root = join(directory, 'state', 'usage');
    const home = await openHome(root, Date.now);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(statSync(home.directory).mode & 0o777).toBe(0o700);
    await home.leave(true);
  });

  it.each([0o777, 0o1777, 0o702])('is refused where everybody may write: %o', async (mode) => {
    chmodSync(directory, mode);
    await expect(openHome(directory, Date.now)).rejects.toThrow(
      `USAGE_SPOOL: everybody may write to ${directory}`,
    );
    await scene.open({ root: directory });
    expect(scene.firstOf('usage spool cannot be used')).toMatchObject({ root: directory });
  });

  it('is taken as soon as it is mended', async () => {
    chmodSync(directory, 0o777);
    const spool = await scene.open({ root: directory });
    chmodSync(directory, 0o770);
    for (const deadline = Date.now() + 5000; scene.store.records.size === 0; ) {
      if (Date.now() > deadline) throw new Error('it is not taken');
      answer(spool, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it('is refused where it is somebody else’s, unless that is root', async () => {
    const { uid } = statSync(directory);
    await refuseForeign(directory, uid);
    const other = uid + 1;
    const refusal = refuseForeign(directory, other);
    if (uid === 0) await refusal;
    else await expect(refusal).rejects.toThrow(`belongs to user ${uid}`);
  });
});
