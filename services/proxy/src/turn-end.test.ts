import { execFileSync } from 'node:child_process';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { atTurnEnd } from './turn-end.ts';

it('what is left for the end of the turn comes then, in its order, and what that leaves in the next', async () => {
  const done: string[] = [];
  atTurnEnd(() => {
    done.push('first');
    atTurnEnd(() => done.push('later'));
  });
  atTurnEnd(() => done.push('second'));
  await Promise.resolve();
  done.push('promise');
  await turn();
  expect(done).toEqual(['promise', 'first', 'second']);
  await turn();
  expect(done.at(-1)).toBe('later');
});

it('a step that fails keeps no other one back', () => {
  const script = `
    import { atTurnEnd } from '${new URL('./turn-end.ts', import.meta.url)}';
    process.on('uncaughtException', ({ message }) => console.log(message));
    atTurnEnd(() => console.log('first'));
    atTurnEnd(() => {
      atTurnEnd(() => console.log('later'));
      throw new Error('failed');
    });
    atTurnEnd(() => console.log('second'));
  `;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
  expect(String(said).trim().split('\n')).toEqual(['first', 'failed', 'second', 'later']);
});
