// Brings the packages of the lock file with the pinned pnpm, whatever pnpm the machine has or has not.
// Plain JavaScript: it runs before anything is installed. Registry, proxies and logins are those of the
// user's own npm configuration and environment.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const PNPM_VERSION = '12.21.0';

/** Installs only when a manifest, the lock file or the platform differs from what was installed last. */
export async function installIfChanged(root) {
  const stamp = join(root, 'node_modules/.wakefield-installed');
  const isCurrent = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
  if (isCurrent()) return;
  await withLock(join(root, '.wakefield-install.lock'), async () => {
    if (isCurrent()) return;
    const started = Date.now();
    console.log(`Installing dependencies with pnpm ${PNPM_VERSION} (once; a minute or two) …`);
    await install(root);
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(stamp, fingerprint(root));
    console.log(`Dependencies are in place (${((Date.now() - started) / 1000).toFixed(1)} s).`);
  });
}

function fingerprint(root) {
  const manifests = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...members(root)];
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  for (const file of manifests)
    hash
      .update(`\0${file}\0`)
      .update(existsSync(join(root, file)) ? readFileSync(join(root, file)) : '');
  return hash.digest('hex');
}

function members(root) {
  return ['packages', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}/package.json`)
      .sort(),
  );
}

async function install(root) {
  const [command, ...first] = pnpm();
  const child = spawn(
    command,
    [
      ...first,
      'install',
      '--frozen-lockfile',
      '--reporter=append-only',
      '--config.confirmModulesPurge=false',
    ],
    // NODE_ENV=production would leave out what runs the sources.
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: 'development' },
    },
  );
  const lines = [];
  const show = progressPrinter();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      for (const line of text.split(/\r?\n/).filter((part) => part.trim() !== '')) {
        lines.push(line);
        show(line);
      }
    });
  const problem = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? null : `exit code ${code}`));
  });
  show(null);
  if (problem !== null) throw new Error(explain(problem, lines));
}

/** The pinned version if it is the global one, else npx brings it into npm's own cache. */
export function pnpm() {
  const global = spawnSync('pnpm', ['--version'], { encoding: 'utf8', cwd: '/' });
  if (global.status === 0 && global.stdout.trim() === PNPM_VERSION) return ['pnpm'];
  return ['npx', '--yes', `pnpm@${PNPM_VERSION}`];
}

/** One line that changes in a terminal; elsewhere one line every few seconds. */
function progressPrinter() {
  const terminal = process.stdout.isTTY === true;
  let shownAt = 0;
  let open = false;
  return (line) => {
    if (line === null) {
      if (open) process.stdout.write('\n');
      return;
    }
    const counts = /^Progress: (.*)$/.exec(line)?.[1];
    if (counts === undefined) return;
    if (terminal) {
      process.stdout.write(`\r  ${counts}\u001b[K`);
      open = true;
    } else if (Date.now() - shownAt > 3000) {
      console.log(`  ${counts}`);
      shownAt = Date.now();
    }
  };
}

/** What to do about it comes first, then what pnpm said. */
function explain(problem, lines) {
  const said = lines.slice(-15).join('\n');
  const advice = [
    [/ENOENT/, problem, 'npx is missing: install npm along with Node.'],
    [/ENOSPC|no space left/i, said, 'The disk is full.'],
    [
      /EACCES|EPERM/,
      said,
      'A folder may not be written: does all of this directory belong to you?',
    ],
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|SOCKET_TIMEOUT|META_FETCH_FAIL|network/i,
      said,
      'npm cannot reach its registry. Behind a proxy set HTTPS_PROXY, or "proxy" and "https-proxy" in ~/.npmrc;' +
        ' with a mirror set "registry" there. `npm ping` should answer.',
    ],
    [
      /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/,
      said,
      'The registry\'s certificate is not trusted: set "cafile" in ~/.npmrc or NODE_EXTRA_CA_CERTS.',
    ],
    [
      /OUTDATED_LOCKFILE/,
      said,
      'A package.json was changed without the lock file: run `npx pnpm@' +
        PNPM_VERSION +
        ' install`.',
    ],
  ].find(([pattern, text]) => pattern.test(text))?.[2];
  return [
    `Installing dependencies failed (${problem}).`,
    advice,
    said === '' ? undefined : `\n${said}`,
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}

/** Two first starts in one clone do not install over each other. */
async function withLock(file, work) {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!ownerIsAlive(file)) rmSync(file, { force: true });
      else if (!waited) console.log('Another command installs the dependencies; waiting for it …');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Whether the process that wrote its number there still installs; numbers are given out again. */
function ownerIsAlive(file) {
  try {
    const pid = readFileSync(file, 'utf8');
    // Just created and not written yet, or cut short by a crash.
    if (pid === '') return Date.now() - statSync(file).mtimeMs < 5000;
    if (Number(pid) === process.pid) return false;
    const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' });
    if (stdout) return stdout.includes('run.mjs');
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
