import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process of the benchmark that is asked in lines on stdin and answers each in a line of JSON on stdout. */
export interface LineChild {
  readonly pid: number;
  /** What it said when it was there. */
  readonly greeting: unknown;
  /** @throws Error with what the child says went wrong, or when it ends or takes too long */
  ask<Answer>(line: string, patienceMs?: number): Promise<Answer>;
  stop(): Promise<void>;
}

const usualPatienceMs = 60_000;

/** @param cwd of the process: names of files in its orders may be relative to it */
export async function startLineChild(
  [program = '', ...args]: readonly string[],
  cwd: string,
): Promise<LineChild> {
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const said: string[] = [];
  let over: string | null = null;
  let wake = (): void => undefined;
  lines.on('line', (line) => {
    said.push(line);
    wake();
  });
  const end = (why: string): void => {
    over ??= why;
    wake();
  };
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, signal) => end(`ended (${code ?? signal})`));
  // Told by its exit, too.
  child.stdin.on('error', () => undefined);

  const next = async (patienceMs: number): Promise<unknown> => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const line = said.shift();
      if (line !== undefined) return parse(line);
      if (over !== null) throw new Error(`${program}: ${over}`);
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${program} did not answer in ${patienceMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    pid: child.pid ?? 0,
    greeting: await next(usualPatienceMs),
    ask: async <Answer>(line: string, patienceMs = usualPatienceMs) => {
      child.stdin.write(`${line}\n`);
      return (await next(patienceMs)) as Answer;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const gone = once(child, 'exit');
      child.stdin.end();
      const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(forced);
    },
  };
}

function parse(line: string): unknown {
  const value = JSON.parse(line) as { readonly error?: string };
  if (value.error !== undefined) throw new Error(value.error);
  return value;
}
