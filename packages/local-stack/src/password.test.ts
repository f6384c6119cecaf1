import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { keptPassword, withoutPassword } from './password.ts';

test('is made once, for its owner only', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wakefield-password-'));
  try {
    const password = keptPassword(directory);
    expect(password).toMatch(/^[\w-]{32}$/);
    expect(keptPassword(directory)).toBe(password);
    expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('withoutPassword hides the password and nothing else', () => {
  expect(withoutPassword('postgres://u:secret@h:5432/d')).toBe('postgres://u:***@h:5432/d');
  expect(withoutPassword('postgres://h/d')).toBe('postgres://h/d');
  expect(withoutPassword('redis://:a@b@h')).not.toContain('a@b');
});
