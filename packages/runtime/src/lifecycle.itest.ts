import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from '@jest/globals';

// Real processes: what Node does with signals, exit codes and IPC is part of what is tried here.

const entry = new URL('./index.ts', import.meta.url).href;
const typescript = ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning'];

/** A service that never ends by itself. `hang` keeps its closer from finishing. */
const service = (hang: boolean): string => `
  import { createHealth, createLifecycle, createLogger, createMetrics, loadConfig, processVariables, runMain,
    startOpsServer } from ${JSON.stringify(entry)};
  import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
  await runMain(async () => {
    const config = loadConfig(z.object({ ...processVariables }), process.env);
    const logger = createLogger({ service: 'test', level: config.LOG_LEVEL });
    const lifecycle = createLifecycle({ logger, totalTimeoutMs: 500 });
    const ops = await startOpsServer({ host: config.OPS_HOST, port: config.OPS_PORT, lifecycle, logger,
      metrics: createMetrics({ service: 'test' }), readiness: createHealth() });
    lifecycle.onClose('ops server', ops.close);
    lifecycle.onClose('work', () => ${hang ? 'new Promise(() => undefined)' : 'undefined'});
    lifecycle.announceReady({ url: null, opsUrl: ops.url });
  });`;

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function run(code: string, ipc: boolean, env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [...typescript, '--conditions=source', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    env: { PATH: process.env.PATH, ...env },
  });
  started.push(child);
  return child;
}

async function logLine(child: ChildProcess, message: string): Promise<Record<string, unknown>> {
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const fields = JSON.parse(line) as Record<string, unknown>;
    if (fields.msg === message) return fields;
  }
  throw new Error(`ended without the line: ${message}`);
}

describe('a process and its supervisor', () => {
  test('it says over IPC where it answers, and SIGTERM ends it in order', async () => {
    const child = run(service(false), true);
    const [message] = await once(child, 'message');
    expect(message).toMatchObject({ type: 'ready', url: null });
    expect((await fetch(`${message.opsUrl}/livez`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 20_000);

  test('it needs none: the log says where it answers, and SIGINT ends it', async () => {
    const child = run(service(false), false);
    const { opsUrl } = await logLine(child, 'ready');
    expect((await fetch(`${String(opsUrl)}/readyz`)).status).toBe(200);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 20_000);

  test('what hangs does not keep it from ending', async () => {
    const child = run(service(true), true);
    await once(child, 'message');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([1, null]);
  }, 20_000);

  test('a supervisor that is killed outright leaves no process behind', async () => {
    const supervisor = run(
      `import { spawn } from 'node:child_process';
       const child = spawn(process.execPath, ${JSON.stringify([...typescript, '--conditions=source', '-e', service(false)])},
         { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
       child.on('message', (message) => console.log(JSON.stringify({ msg: 'child', pid: child.pid, ...message })));`,
      false,
    );
    const { pid, opsUrl } = await logLine(supervisor, 'child');
    supervisor.kill('SIGKILL');
    await once(supervisor, 'exit');
    const deadline = Date.now() + 5000;
    while (isAlive(Number(pid))) {
      if (Date.now() > deadline) {
        process.kill(Number(pid), 'SIGKILL');
        throw new Error('the child outlived its supervisor');
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await expect(fetch(String(opsUrl))).rejects.toThrow();
  }, 20_000);

  test('a wrong configuration is told in plain words, with exit code 78', async () => {
    const child = run(service(false), false, { OPS_PORT: 'x', WAKEFIELD_INSTALATION: 'a1' });
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
    });
    expect(await once(child, 'close')).toEqual([78, null]);
    expect(text).toContain('OPS_PORT: has to be a port');
    expect(text).toContain('did you mean WAKEFIELD_INSTALLATION?');
  }, 20_000);
});

/** A zombie has ended, too: only its new parent has not looked yet. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
