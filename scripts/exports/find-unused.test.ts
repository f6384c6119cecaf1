import { describe, expect, test } from '@jest/globals';
import { findUnusedExports } from './find-unused.ts';

const unused = (files: Readonly<Record<string, string>>) =>
  findUnusedExports(new Map(Object.entries(files)));

describe('findUnusedExports', () => {
  test.each([
    ['a value', 'export const here = 1;'],
    ['a function', 'export function here() {}'],
    ['a class', 'export class here {}'],
    ['an interface', 'export interface here {}'],
    ['a type', 'export type here = 1;'],
    ['a part of a pattern', 'export const { here } = { here: 1 };'],
    ['a list', 'const here = 1;\nexport { here };'],
  ])('finds %s that nobody takes', (_what, text) => {
    const taker = "import { here } from './a.ts';\nhere;";
    expect(unused({ 'e2e/a.ts': text })).toEqual([expect.stringMatching(/^e2e\/a\.ts:\d here$/)]);
    expect(unused({ 'e2e/a.ts': text, 'e2e/b.ts': taker })).toEqual([]);
  });

  test('an index uses nothing by passing it on', () => {
    const files = {
      'packages/p/src/index.ts': "export { a, b as c } from './a.ts';",
      'packages/p/src/a.ts': 'export const a = 1;\nexport const b = 2;',
    };
    expect(unused(files)).toEqual([
      'packages/p/src/index.ts:1 a',
      'packages/p/src/index.ts:1 c',
      'packages/p/src/a.ts:1 a',
      'packages/p/src/a.ts:2 b',
    ]);
    const taker = { 'services/s/src/main.ts': "import { c } from '@wakefield/p';\nc;" };
    expect(unused({ ...files, ...taker })).toEqual([
      'packages/p/src/index.ts:1 a',
      'packages/p/src/a.ts:1 a',
    ]);
  });

  test.each([
    ['a namespace', "import * as all from './a.ts';\nall;"],
    ['a dynamic import', "await import('./a.ts');"],
    ['a type import', "export type T = import('./a.ts').One;\nconst t: T = 1;"],
  ])('%s takes everything', (_what, text) => {
    const files = { 'e2e/a.ts': 'export type One = 1;\nexport const two = 2;', 'e2e/b.ts': text };
    expect(unused(files).filter((line) => line.includes('a.ts'))).toEqual([]);
  });

  test('lets types be that belong to a signature', () => {
    const files = {
      'packages/p/src/index.ts': "export type { Options } from './a.ts';",
      'packages/p/src/a.ts':
        'export interface Options {}\nexport interface Lost {}\nfunction f(_: Options) {}\nf({});',
    };
    expect(unused(files)).toEqual(['packages/p/src/a.ts:2 Lost']);
  });

  test('knows the side doors of packages, and leaves packages of others alone', () => {
    const files = {
      'packages/q/src/board.ts': 'export const board = 1;',
      'e2e/b.ts':
        "import { board } from '@wakefield/q/board';\nimport x from 'express';\nx(board);",
    };
    expect(unused(files)).toEqual([]);
  });
});
