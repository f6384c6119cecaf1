import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCommand } from '../../../packages/local-stack/src/index.ts';

const here = new URL('.', import.meta.url).pathname;
const parts = {
  engine: ['engine.c', 'requests.c', 'common.c'],
  load: [
    'load.c',
    'loops.c',
    'background.c',
    'connection.c',
    'answer.c',
    'samples.c',
    'requests.c',
    'common.c',
  ],
} as const;

/** Programs in C, as paths. */
export type Native = Readonly<Record<keyof typeof parts, string>>;

/**
 * Engine and load generator in C. A second or two.
 * @param folder where the programs go
 * @throws Error naming what is missing, or with what the compiler said
 */
export async function compileNative(folder: string): Promise<Native> {
  if (process.platform !== 'linux') throw new Error('they use epoll, which is Linux’');
  const compiler = ['cc', 'gcc', 'clang']
    .map((name) => findCommand(name))
    .find((path) => path !== null);
  if (compiler === undefined) throw new Error('there is no C compiler');
  const made = Object.entries(parts).map(async ([name, files]) => {
    const program = join(folder, name);
    const sources = files.map((file) => join(here, file));
    const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror'];
    try {
      await promisify(execFile)(compiler, [...flags, '-o', program, ...sources]);
    } catch (error) {
      const { stderr = '', message } = error as { stderr?: string; message: string };
      throw new Error(`${compiler}: ${stderr.trim().split('\n')[0] || message}`);
    }
    return [name, program] as const;
  });
  return Object.fromEntries(await Promise.all(made)) as Native;
}
