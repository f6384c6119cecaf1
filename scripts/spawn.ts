import { spawn } from 'node:child_process';

/** Root of the checkout. */
export const root = new URL('..', import.meta.url).pathname;

/** Runs one of the project's tools from node_modules with the pinned Node; its output goes to the terminal. */
export function tool(path: string, ...args: string[]): Promise<number> {
  return command(process.execPath, [`${root}node_modules/${path}`, ...args]);
}

export function command(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
