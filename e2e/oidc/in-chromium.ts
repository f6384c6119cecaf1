import { test } from '@jest/globals';
import { type Page, withPage } from './chromium.ts';

const chromium = process.env.WAKEFIELD_TEST_CHROMIUM ?? null;

/** A test in a page of its own; `npm run test:oidc -- --without-browser` leaves it out. */
export function inChromium(name: string, act: (page: Page) => Promise<void>): void {
  const testOrSkip = chromium === null ? test.skip : test;
  testOrSkip(`Chromium ${name}`, () => withPage(chromium ?? '', act), 400_000);
}
