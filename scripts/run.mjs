// The one door behind every npm script. Plain JavaScript for Node 20 and later: it makes sure that the
// pinned packages and the pinned Node are there, then hands over to the TypeScript of the task.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { installIfChanged } from './install.mjs';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const tasks = {
  start: 'packages/local-stack/src/start/main.ts',
  test: 'scripts/test.ts',
  check: 'scripts/check.ts',
  format: 'scripts/format.ts',
  build: 'scripts/build.ts',
  generate: 'scripts/generate.ts',
  cluster: 'services/scheduler/src/cli/main.ts',
  recipe: 'scripts/recipe.ts',
  'setup:vllm': 'scripts/setup-vllm.ts',
  'test:vllm': 'scripts/test-vllm.ts',
  'test:oidc': 'scripts/test-oidc.ts',
  'test:faults': 'scripts/test-faults.ts',
  bench: 'bench/main.ts',
  soak: 'e2e/soak/main.ts',
  fuzz: 'e2e/fuzz/main.ts',
};

const [task, ...rest] = process.argv.slice(2);
const args = rest.filter((arg) => !arg.startsWith('--about='));

if (process.platform === 'win32')
  fail('Wakefield runs on Linux and macOS. On Windows use it inside WSL.');
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node 20 or later is needed; this is ${process.version}.`);
if (!Object.hasOwn(tasks, task ?? ''))
  fail(`Unknown task "${task}". One of: ${Object.keys(tasks).join(', ')}`);

try {
  await installIfChanged(root);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
handOver(pinnedNode(), [
  '--conditions=source',
  '--disable-warning=ExperimentalWarning',
  join(root, tasks[task]),
  ...args,
]);

/**
 * Runs the task in a session of its own. Ctrl-C then reaches only this process (from the terminal, and once
 * more from npm), and the task gets it once. If this process is killed, the task sees its IPC channel close.
 */
function handOver(node, nodeArgs) {
  const child = spawn(node, nodeArgs, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  let last = Number.NEGATIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      const now = performance.now();
      // One key press arrives up to three times within milliseconds; somebody who presses again means it.
      if (now - last > 500) child.kill(signal);
      last = now;
    });
  child.on('error', (error) => fail(`${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}

/** Node 24 from the lock file where npm carries it for this platform, else a system Node that strips types. */
function pinnedNode() {
  const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node');
  if (existsSync(own)) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  return fail(
    `There is no pinned Node for ${process.platform}-${process.arch}: install Node 24 and run this again.`,
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
