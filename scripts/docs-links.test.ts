import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = new URL('..', import.meta.url).pathname;
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root });

/** Targets of `[text](target)` and `![text](target)` inside the repository. */
function targets(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/\]\(([^)\s#]+)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

describe('the documentation', () => {
  test('has pages and links to read', () => {
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.flatMap(targets).length).toBeGreaterThan(30);
  });

  test.each(pages)('%s links only to what is there', (page) => {
    const lost = targets(page).filter((to) => !existsSync(join(root, dirname(page), to)));
    expect(lost).toEqual([]);
  });
});
