import { describe, expect, test } from '@jest/globals';
import { parsePasswd, pickAccount } from './account.ts';
import { type Binaries, chooseBinaries, parseMajor } from './binaries.ts';
import { blockingFolder } from './reach.ts';

describe('the account that runs PostgreSQL for root', () => {
  const passwd = [
    'root:x:0:0:root:/root:/bin/bash',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    'broken',
    'postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash',
  ];

  test('is postgres where there is one', () => {
    expect(pickAccount(parsePasswd(passwd.join('\n')))).toEqual({
      name: 'postgres',
      uid: 101,
      gid: 104,
    });
  });

  test('is nobody otherwise', () => {
    expect(pickAccount(parsePasswd(passwd.slice(0, 3).join('\n')))?.name).toBe('nobody');
  });

  test('may be missing', () => {
    expect(pickAccount(parsePasswd('root:x:0:0:root:/root:/bin/bash'))).toBeNull();
  });
});

describe('blockingFolder', () => {
  const account = { name: 'postgres', uid: 101, gid: 104 };
  const modes = (folders: Readonly<Record<string, readonly [number, number, number]>>) => {
    return (folder: string) => {
      const found = folders[folder];
      return found === undefined ? null : { uid: found[0], gid: found[1], mode: found[2] };
    };
  };
  const open = { '/': [0, 0, 0o755], '/root': [0, 0, 0o755] } as const;

  test.each([
    ['a free way', { ...open }, null],
    ["root's closed home", { ...open, '/root': [0, 0, 0o700] as const }, '/root'],
    ['a closed folder of its own', { ...open, '/root': [101, 104, 0o600] as const }, '/root'],
    ['its own folder', { ...open, '/root': [101, 0, 0o700] as const }, null],
    ['its group let in', { ...open, '/root': [0, 104, 0o710] as const }, null],
    [
      'its group kept out though others are not',
      { ...open, '/root': [0, 104, 0o701] as const },
      '/root',
    ],
    ['the outermost of two', { '/': [0, 0, 0o700] as const, '/root': [0, 0, 0o700] as const }, '/'],
  ])('%s', (_, folders, expected) => {
    expect(blockingFolder('/root/wakefield/postgres', account, modes(folders))).toBe(expected);
  });
});

describe('chooseBinaries', () => {
  const system = (major: number): Binaries => ({ source: 'system', folder: `/pg/${major}`, major });
  const embedded: Binaries = { source: 'embedded', folder: '/npm', major: 18 };

  test('takes the first that is recent enough', () => {
    expect(chooseBinaries([system(11), system(15), embedded], null, '/d')).toEqual(system(15));
    expect(chooseBinaries([system(11), embedded], null, '/d')).toEqual(embedded);
  });

  test('takes the one that made the data', () => {
    expect(chooseBinaries([system(17), system(15)], 15, '/d')).toEqual(system(15));
    expect(chooseBinaries([system(17), embedded], 18, '/d')).toEqual(embedded);
  });

  test('says what to do when the data is of another version', () => {
    expect(() => chooseBinaries([system(17), embedded], 15, '/d/data')).toThrow(
      'The data in /d/data was made by PostgreSQL 15; here is 17 (/pg/17), 18 (npm package). ' +
        'Install PostgreSQL 15, or move that directory away to start with an empty database.',
    );
  });

  test('says what to do when there is none', () => {
    expect(() => chooseBinaries([], null, '/d')).toThrow(/DATABASE_URL/);
  });

  test.each([
    ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', 15],
    ['postgres (PostgreSQL) 18beta1', 18],
    ['something else', null],
  ])('parseMajor(%j)', (text, expected) => {
    expect(parseMajor(text)).toBe(expected);
  });
});
