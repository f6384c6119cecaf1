import { readFileSync } from 'node:fs';

/** Last lines of a text file; empty when there is none. */
export function tailLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}
