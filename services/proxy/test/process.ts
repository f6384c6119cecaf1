import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What callers of such a process have to send as bearer token. */
export const processKey = 'the-local-key-of-tests';

/** A proxy as it is run: a process of its own on real stores. */
export interface ProxyProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly opsUrl: string;
  /** What it has logged so far. */
  log(): string;
  /** One of its figures; NaN where it does not tell it. */
  figure(name: string): Promise<number>;
}

/** What such a process stands on. */
export interface ProxyGround {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly installation: string;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when it is ready. Nobody listens where it looks for the api. */
export async function startProxyProcess(ground: ProxyGround): Promise<ProxyProcess> {
  const spool = mkdtempSync(join(tmpdir(), 'wakefield-usage-'));
  const child = fork(fileURLToPath(new URL('../src/main.ts', import.meta.url)), {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      DATABASE_URL: ground.databaseUrl,
      REDIS_URL: ground.redisUrl,
      API_LOCAL_KEY: processKey,
      API_URL: 'http://127.0.0.1:9',
      WAKEFIELD_INSTALLATION: ground.installation,
      PORT: '0',
      SHUTDOWN_TIMEOUT: '5',
      USAGE_SPOOL: spool,
      ...ground.env,
    },
  });
  child.once('exit', () => rmSync(spool, { recursive: true, force: true }));
  let log = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const [first] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (typeof first !== 'object' || first === null) throw new Error(`it ended: ${first}\n${log}`);
  const { url, opsUrl } = first as { readonly url: string; readonly opsUrl: string };
  return {
    child,
    url,
    opsUrl,
    log: () => log,
    figure: async (name) => {
      const text = await (await fetch(`${opsUrl}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    },
  };
}

/** @returns its exit code; null: a signal ended it */
export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
