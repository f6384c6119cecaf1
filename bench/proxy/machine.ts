import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Cores } from './cores.ts';
import type { Report } from './report.ts';

/** What the report says of the machine. */
export function machineHere(cores: Cores): Omit<Report['machine'], 'busyAfter'> {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() || 'an unknown processor',
    system: process.platform,
    arch: process.arch,
    pinned: cores.candidate !== null,
    busyBefore: busyNow(),
  };
}

export function busyNow(): number {
  return loadavg()[0] ?? 0;
}

/** Of this checkout: its number, and the commit where git knows it. */
export function ownVersion(): string {
  const root = new URL('../../', import.meta.url).pathname;
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    readonly version: string;
  };
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    const changed =
      git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' and changes';
    return `${version} (${git('rev-parse', '--short', 'HEAD')}${changed})`;
  } catch {
    return version;
  }
}
