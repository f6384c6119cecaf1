import { spawnSync } from 'node:child_process';

const names = ['python3', 'python3.12', 'python3.11', 'python3.10', 'python3.13'];
const probe =
  'import sys, venv, ensurepip; print(sys.version_info[:2] >= (3, 10) and sys.version_info[:2] < (3, 14), sys.executable)';

/** Pinned: it makes environments and fills them, much quicker than pip. */
export const uvPackage = 'uv==0.13.8';

/** @returns the path of a Python 3.10 to 3.13 with venv; null where there is none */
export function findPython(): string | null {
  for (const name of names) {
    const { stdout } = spawnSync(name, ['-c', probe], { encoding: 'utf8' });
    const [fits, path] = (stdout ?? '').trim().split(' ');
    if (fits === 'True' && path !== undefined) return path;
  }
  return null;
}
