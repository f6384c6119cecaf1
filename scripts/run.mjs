// The one door behind every npm script. Plain JavaScript for Node 20 and later: it makes sure that the
// pinned packages and the pinned Node are there, then hands over to the TypeScript of the task.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PNPM = 'pnpm@12.21.0';
const root = join(import.meta.dirname, '..');
const tasks = {
  start: 'packages/local-stack/src/start/main.ts',
  test: 'scripts/test.ts',
  check: 'scripts/check.ts',
  format: 'scripts/format.ts',
  build: 'scripts/build.ts',
  generate: 'scripts/generate.ts',
  cluster: 'packages/cluster/src/cli/main.ts',
  'setup:vllm': 'scripts/setup-vllm.ts',
  'test:vllm': 'scripts/test-vllm.ts',
  bench: 'bench/main.ts',
};

const [task, ...rest] = process.argv.slice(2);
const args = rest.filter((arg) => !arg.startsWith('--about='));

if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node 20 or later is needed; this is ${process.version}.`);
if (!Object.hasOwn(tasks, task ?? ''))
  fail(`Unknown task "${task}". One of: ${Object.keys(tasks).join(', ')}`);

installIfChanged();
const child = spawn(
  pinnedNode(),
  [
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    join(root, tasks[task]),
    ...args,
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, WAKEFIELD_ROOT: root },
  },
);
// The terminal signals the whole foreground group; this process only has to wait for the task's own ending.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));

/** Installs only when a manifest or the lock file differs from what was installed last. */
function installIfChanged() {
  const stamp = join(root, 'node_modules/.wakefield-installed');
  const manifests = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...members()];
  const wanted = createHash('sha256')
    .update(
      manifests
        .map((file) => (existsSync(join(root, file)) ? readFileSync(join(root, file)) : ''))
        .join('\0'),
    )
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log(`Installing dependencies with ${PNPM} …`);
  const started = Date.now();
  const npx = spawnSync(
    'npx',
    ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' },
  );
  if (npx.status !== 0)
    fail(
      `Installing dependencies failed:\n${npx.stdout ?? ''}${npx.stderr ?? ''}${npx.error?.message ?? ''}`,
    );
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, wanted);
  console.log(`Dependencies are in place (${((Date.now() - started) / 1000).toFixed(1)} s).`);
}

function members() {
  return ['packages', 'services'].flatMap((dir) =>
    readdirSync(join(root, dir))
      .map((name) => `${dir}/${name}/package.json`)
      .sort(),
  );
}

/** Node 24 from the lock file where npm carries it for this platform, else a system Node that strips types. */
function pinnedNode() {
  const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node');
  if (existsSync(own)) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  return fail(
    `No pinned Node for ${process.platform}-${process.arch}; install Node 24 and run this again.`,
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
