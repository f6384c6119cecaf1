import { describe, expect, it } from '@jest/globals';
import { pageOf } from './page.ts';

const sorted = ['a', 'b', 'c', 'd'];
const page = (limit: number | null, after?: string) =>
  pageOf(sorted, (item) => item, { limit, after });

describe('pages', () => {
  it.each([
    [null, undefined, ['a', 'b', 'c', 'd'], null],
    [2, undefined, ['a', 'b'], 'b'],
    [2, 'b', ['c', 'd'], null],
    [1, 'b', ['c'], 'c'],
    [9, undefined, ['a', 'b', 'c', 'd'], null],
    // One that is gone meanwhile: goes on where it would have been.
    [2, 'bb', ['c', 'd'], null],
    [2, 'd', [], null],
  ])('limit %j after %j', (limit, after, items, next) => {
    expect(page(limit, after)).toEqual({ items, next });
  });
});
