import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type RunFile } from '@wakefield/local-stack';
import OpenAI from 'openai';

const root = join(import.meta.dirname, '..');

export type { RunFile };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** One Wakefield, started as its users start it, with a data directory of its own. */
export interface Wakefield {
  readonly url: string;
  readonly key: string;
  readonly directory: string;
  readonly output: () => string;
  runFile(): Promise<RunFile>;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  openai(project?: string): OpenAI;
  /** Ctrl-C. @returns milliseconds until it had ended */
  stop(): Promise<number>;
}

export interface WakefieldOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Puts things into the data directory before the start. */
  readonly prepare?: (directory: string) => Promise<void>;
  /** Reuse this data directory and keep it. */
  readonly directory?: string;
  /** Of the public URL; any free one when absent. */
  readonly port?: number;
}

const READY_WITHIN_MS = 120_000;

export async function startWakefield(options: WakefieldOptions = {}): Promise<Wakefield> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'wakefield-e2e-')));
  // Postgres refuses to run as root, and its own user has to get in.
  await chmod(directory, 0o755);
  await options.prepare?.(directory);
  const port = options.port ?? (await freePorts(1));
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      'packages/local-stack/src/start/main.ts',
      ...(options.args ?? []),
    ],
    {
      cwd: root,
      env: { ...process.env, PORT: String(port), WAKEFIELD_DATA: directory, ...options.env },
      // The channel closes with us, however we end, and it ends then.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  await readyLine(child, () => output);
  const key = /^\s*key\s+(\S+)/m.exec(output)?.[1] ?? '';
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    key,
    directory,
    output: () => output,
    runFile: async () => JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as RunFile,
    call: (method, path, body, headers = {}) => call(`${url}${path}`, key, method, body, headers),
    openai: (project = 'demo') =>
      new OpenAI({ baseURL: `${url}/p/${project}/openai/v1`, apiKey: key, maxRetries: 0 }),
    stop: async () => {
      const since = performance.now();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGINT');
        await once(child, 'exit');
      }
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
      return performance.now() - since;
    },
  };
}

async function readyLine(child: ChildProcess, output: () => string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!/Ready after/.test(output())) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`Wakefield did not become ready:\n${output()}`);
    }
    await pause(50);
  }
}

async function call(
  url: string,
  key: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Polls until `look` gives something other than null, undefined or false; throws at the deadline. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(50);
  }
}
