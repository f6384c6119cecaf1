import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  findCommand,
  libraryPathOf,
  unpackPackages,
} from '../../../packages/local-stack/src/index.ts';

/** A program of the distribution. */
export interface Program {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
}

export interface ProgramOptions {
  readonly name: string;
  /** Packages that carry it, by distribution; the first that has it is taken. */
  readonly packages: readonly string[];
  readonly versionFlag: string;
  /** Kept between runs. */
  readonly directory: string;
  readonly report: (line: string) => void;
}

/**
 * The one that is installed; else out of the distribution's package, unpacked into a folder of ours: no root, nothing
 * installed.
 * @throws Error with the reason why it cannot be had
 */
export async function provideProgram(options: ProgramOptions): Promise<Program> {
  const installed = findCommand(options.name);
  if (installed !== null) return await tried(installed, {}, options.versionFlag);
  const root = join(options.directory, options.name);
  const path = join(root, 'usr/sbin', options.name);
  for (const name of options.packages) {
    if (existsSync(path)) break;
    await unpackPackages({ packages: [name], into: root, report: options.report });
  }
  if (!existsSync(path))
    throw new Error(
      `it is not installed, and no package of the distribution brought it (${options.packages.join(', ')})`,
    );
  return await tried(path, { LD_LIBRARY_PATH: libraryPathOf(root) }, options.versionFlag);
}

async function tried(path: string, env: Program['env'], flag: string): Promise<Program> {
  const { stdout, stderr } = await promisify(execFile)(path, [flag], {
    env: { ...process.env, ...env },
  });
  const version = /\d+\.\d+(\.\d+)?/.exec(stdout + stderr)?.[0];
  if (version === undefined) throw new Error(`${path} ${flag} says no version`);
  return { path, env, version };
}
