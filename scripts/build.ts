// Production build. `npm run build` writes dist/ beside every src/. `npm run build -- --out DIR` also makes a
// directory that runs without the sources and with production packages alone: what the image holds, and what a site
// without containers copies to its machine (`node services/proxy/dist/main.js`).
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeReleaseTree } from './build/release-tree.ts';
import { pnpm } from './install.mjs';
import { command, root, tool } from './spawn.ts';

const { values } = parseArgs({ options: { out: { type: 'string' } } });

process.exitCode = await tool('ts7/bin/tsc', '-b');
if (process.exitCode === 0 && values.out !== undefined)
  process.exitCode = await release(resolve(process.env.INIT_CWD ?? root, values.out));

async function release(target: string): Promise<number> {
  const members = await writeReleaseTree(root, target);
  const [program = 'pnpm', ...first] = pnpm();
  const code = await command(program, [
    ...first,
    `--dir=${target}`,
    'install',
    '--prod',
    '--frozen-lockfile',
    '--ignore-scripts',
    // Native speed-ups and the Node that is brought for development: without them the tree is plain JavaScript,
    // the same for every architecture.
    '--no-optional',
    '--prefer-offline',
    '--reporter=append-only',
    ...members.map((member) => `--filter=./${member}`),
  ]);
  if (code === 0) console.log(`${target} holds the services and the migration.`);
  return code;
}
