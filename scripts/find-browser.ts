import { findCommand } from '@wakefield/local-stack';

/** By the names that distributions give it. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Of Debian, with one of these names. */
export const browserPackage = 'chromium';

/** @returns the path of a Chromium; null where there is none */
export function findBrowser(): string | null {
  for (const name of names) {
    const path = findCommand(name);
    if (path !== null) return path;
  }
  return null;
}
