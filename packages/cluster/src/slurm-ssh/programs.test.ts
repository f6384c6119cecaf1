import { describe, expect, test } from '@jest/globals';
import * as programs from './programs.ts';
import { SUBMIT } from './submit-program.ts';

describe('programs for the bash of old systems', () => {
  test.each(Object.entries({ ...programs, SUBMIT }))(
    '%s: no array that may be empty is expanded as if it were not (before bash 4.4 that is an unset variable)',
    (_, program) => {
      const bare = program
        // A always has elements.
        .replaceAll('"${A[@]', '')
        .replaceAll(/\$\{(\w+)\[@\]\+"\$\{\1\[@\]\}"\}/g, '')
        .match(/"\$\{\w+\[[@*]\][^}]*\}"/g);
      expect(bare).toBeNull();
    },
  );
});
