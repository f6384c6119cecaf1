import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { afterMarker, parseFrames, remoteProgram } from './remote-program.ts';

/** Runs a program as a far bash would. */
function run(program: string, args: readonly string[]): ReadonlyMap<string, string> {
  const output = execFileSync(
    '/bin/bash',
    ['--noprofile', '--norc', '-c', remoteProgram(program, args, 'mark', 60)],
    {
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const answer = afterMarker(output, 'mark');
  if (answer === null) throw new Error('no marker');
  return parseFrames(answer);
}

describe('programs for a far bash', () => {
  test('arguments arrive as they are', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 50 })
      .filter((s) => !s.includes('\0') && s.isWellFormed());
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (args) => {
        const frames = run(
          `frame count "\${#A[@]}"; for i in "\${!A[@]}"; do frame "arg$i" "\${A[i]}"; done`,
          args,
        );
        expect(frames.get('count')).toBe(String(args.length));
        expect(args.map((_, index) => frames.get(`arg${index}`))).toEqual(args);
      }),
      { numRuns: 30 },
    );
  });

  test('NUL cannot be passed', () => {
    expect(() => remoteProgram('', ['a\0b'], 'mark', 60)).toThrow('NUL');
  });

  test('what a login shell prints before is left out', () => {
    const output = Buffer.from('Welcome!\n\nno newline\nmark\na 2\nhi\n');
    expect(afterMarker(output, 'mark')?.toString()).toBe('a 2\nhi\n');
    expect(afterMarker(Buffer.from('Welcome!\n'), 'mark')).toBeNull();
  });

  test.each(['a', 'a 5\nhi\n', 'a x\n', 'a 2\nhix', 'a 2\nhi\nb 3\nxy', ' 2\nhi\n'])(
    'an answer like %j is not whole',
    (text) => expect(() => parseFrames(Buffer.from(text))).toThrow('cut short'),
  );

  test('frames hold anything, by bytes', () => {
    expect(parseFrames(Buffer.from('a 0\n\nb 10\n3\nä x 2\n\n\n'))).toEqual(
      new Map([
        ['a', ''],
        ['b', '3\nä x 2\n\n'],
      ]),
    );
  });
});
