import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quote } from './quote.ts';

/** What a real bash makes of the words: each followed by NUL. */
function expand(words: readonly string[]): readonly string[] {
  const script = `printf '%s\\0' ${words.join(' ')}`;
  const { stdout } = spawnSync('/bin/bash', ['-c', script], { env: {}, maxBuffer: 1 << 26 });
  return stdout.toString('utf8').split('\0').slice(0, -1);
}

const nasty = [
  '',
  ' ',
  '-rf',
  '--',
  '~',
  '~root',
  '*',
  '$HOME',
  '$(touch /tmp/no)',
  '`id`',
  '\\',
  "'",
  "''",
  `'"'"'`,
  '"',
  '!!',
  '#x',
  '{a,b}',
  'a;b|c&d>e<f',
  '[a-z]',
  'a\nb',
  '\n#SBATCH --qos=root\n',
  'a\r\nb',
  '\t',
  '\u001b[31m',
  '\u007f',
  '\u00011',
  "$'\\x41'",
  'ärger 日本 🙂',
  'x'.repeat(5000),
];

describe('quoting', () => {
  test('every nasty text comes out of bash as it went in', () => {
    expect(expand(nasty.map(quote))).toEqual(nasty);
  });

  test('any text does', () => {
    const text = fc
      .string({
        unit: fc.oneof(fc.constantFrom(...`'"\\$\`!\n\r\t *?~#{}[];|&<>()=`), fc.string()),
      })
      .map((value) => value.replaceAll('\0', '').toWellFormed());
    fc.assert(
      fc.property(fc.array(text, { minLength: 20, maxLength: 60 }), (texts) => {
        expect(expand(texts.map(quote))).toEqual(texts);
      }),
      { numRuns: 60 },
    );
  });

  test('a word stays on one line, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('\0'));
        expect(quote(text)).not.toMatch(/[\n\r]/);
      }),
    );
  });

  test('NUL cannot be in an argument', () => {
    expect(() => quote('a\0b')).toThrow('NUL');
  });
});
