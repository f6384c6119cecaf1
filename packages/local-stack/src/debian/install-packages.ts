import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findCommand } from '../process/find-command.ts';
import { SetupError } from '../setup-error.ts';

/** Asked by package scripts before they start a daemon (invoke-rc.d(8)); 101 forbids it. */
const policyFile = '/usr/sbin/policy-rc.d';

/** Whether this user can install packages of the distribution here. */
export function canInstallPackages(): boolean {
  return process.getuid?.() === 0 && findCommand('apt-get') !== null;
}

/**
 * Installs packages with apt-get, after saying so. Daemons that they bring are not started.
 * @throws SetupError naming the packages when this user cannot, or when apt-get fails
 */
export async function installPackages(
  packages: readonly string[],
  report: (line: string) => void,
): Promise<void> {
  if (packages.length === 0) return;
  if (!canInstallPackages()) throw new SetupError(missingMessage(packages));
  report(`installing packages of the distribution: apt-get install ${packages.join(' ')}`);
  const release = forbidDaemons();
  try {
    const install = ['install', '--yes', '--no-install-recommends', ...packages];
    if ((await aptGet(install)).code === 0) return;
    // An image without package lists, or with outdated ones.
    await aptGet(['update']);
    const second = await aptGet(install);
    if (second.code !== 0)
      throw new SetupError(
        `apt-get could not install ${packages.join(' ')}:\n${second.output.trim().split('\n').slice(-6).join('\n')}`,
      );
  } finally {
    release();
  }
}

/** What to say to somebody who has to install them. */
export function missingMessage(packages: readonly string[]): string {
  return (
    `These packages are missing: ${packages.join(' ')}.\n` +
    `On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages.join(' ')}`
  );
}

/** Another apt may be at work (unattended upgrades), and mirrors have bad moments (apt.conf(5)). */
const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];

function aptGet(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', ['-q', ...patience, ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-20_000);
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** @returns takes the prohibition back, unless it was there before */
function forbidDaemons(): () => void {
  if (existsSync(policyFile)) return () => undefined;
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(policyFile, { force: true });
}
