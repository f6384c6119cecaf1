// Everything that can be said about the code without running it. Each step names itself, all of them run.
import { fences } from './fences.ts';
import { generate } from './generate.ts';
import { command, root, tool } from './spawn.ts';
import { unusedExports } from './unused-exports.ts';

const steps: readonly (readonly [string, () => Promise<number>])[] = [
  ['lint and format', () => command(`${root}node_modules/.bin/biome`, ['check', '.'])],
  ['types', () => tool('ts7/bin/tsc', '-p', 'tsconfig.check.json')],
  ['fences', () => fences()],
  ['unused exports', async () => unusedExports()],
  ['drift of generated files', () => generate({ check: true })],
];

const failed: string[] = [];
for (const [name, step] of steps) {
  const started = performance.now();
  const code = await step();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? '✔' : '✘'} ${name} (${seconds} s)`);
  if (code !== 0) failed.push(name);
}
if (failed.length > 0) console.error(`Not clean: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
