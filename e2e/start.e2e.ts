import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { endProcesses, freePorts, listProcessesAround } from '@wakefield/local-stack';
import { eventually } from './wakefield.ts';

const root = join(import.meta.dirname, '..');
/** On a machine that has nothing else to do it is a quarter of this. */
const readyWithin = 120_000;

/** `npm start` as npm calls it, signals and all. */
interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly url: string;
  readonly key: string;
}

interface RunFile {
  readonly url: string;
  readonly pid: number;
  readonly services: Readonly<Record<string, readonly { pid: number; opsUrl: string }[]>>;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly clusters: readonly { name: string; kind: string }[];
}

let directory: string;
let port: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wakefield-start-'));
  // As root the database's user has to pass.
  await chmod(directory, 0o755);
  port = await freePorts(1);
});

afterEach(async () => {
  const left = listProcessesAround(directory).map(({ pid }) => pid);
  await endProcesses(left, [{ signal: 'SIGKILL', waitMs: 5000 }]);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

function launch(env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'start'], {
    cwd: root,
    env: { ...process.env, PORT: String(port), WAKEFIELD_DATA: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  return { child, output: () => text };
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const { child, output } = launch(env);
  await eventually(
    'ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`npm start ended:\n${output()}`);
      return /^Ready after/m.test(output());
    },
    readyWithin,
  );
  const url = /^Wakefield is ready: (\S+)$/m.exec(output())?.[1] ?? '';
  return { child, output, url, key: /^\s*key\s+(\S+)/m.exec(output())?.[1] ?? '' };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

const runFile = async (folder = directory) =>
  JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunFile;

/** The line that a newcomer copies, word for word. */
async function firstChat({ output }: Started): Promise<string> {
  const line = /first chat\s+(curl .*)$/m.exec(output())?.[1] ?? '';
  const { stdout } = await promisify(execFile)('bash', ['-c', `${line} -sS --max-time 90`]);
  return stdout;
}

async function jobs({ url, key }: Started): Promise<readonly { id: string; state: string }[]> {
  const response = await fetch(`${url}/p/demo/models/wakefield%2Fsimulator`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { jobs: { id: string; state: string }[] }).jobs;
}

const nothingIsLeft = () =>
  eventually('no process is left', async () => listProcessesAround(directory).length === 0, 15_000);

describe('npm start', () => {
  test('from nothing to a chat, and Ctrl-C leaves nothing', async () => {
    const first = await start();
    expect(first.url).toBe(`http://127.0.0.1:${port}`);
    const file = await runFile();
    expect(file).toMatchObject({
      url: first.url,
      services: {
        proxy: [{ pid: expect.any(Number), url: first.url, opsUrl: expect.any(String) }],
        api: [{ pid: expect.any(Number), url: expect.any(String) }],
        scheduler: [{ pid: expect.any(Number) }],
      },
      databaseUrl: expect.stringMatching(/^postgres:/),
      redisUrl: expect.stringMatching(/^redis:/),
      clusters: [{ name: 'local', kind: 'local' }],
    });
    for (const name of ['run.json', 'api-key'])
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);

    const answer = await firstChat(first);
    expect(answer).toContain('"content"');
    expect(answer.trimEnd().endsWith('data: [DONE]')).toBe(true);
    for (const path of ['/health', '/swagger/index.html'])
      expect((await fetch(`${first.url}${path}`)).status).toBe(200);
    for (const service of Object.values(file.services).flat())
      expect((await fetch(`${service.opsUrl}/readyz`)).status).toBe(200);

    const second = launch({ PORT: String(await freePorts(1)) });
    expect(await exitOf(second.child)).toBe(1);
    expect(second.output()).toContain(`Wakefield already runs on ${directory}: ${first.url}`);

    const since = performance.now();
    // A terminal signals the group, and npm passes the signal on: it arrives twice.
    first.child.kill('SIGINT');
    first.child.kill('SIGINT');
    expect(await exitOf(first.child)).toBe(0);
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(listProcessesAround(directory)).toEqual([]);
    await expect(stat(join(directory, 'run.json'))).rejects.toThrow('ENOENT');

    const again = await start();
    expect(again.key).toBe(first.key);
    expect(await jobs(again)).toEqual([]);
    again.child.kill('SIGTERM');
    expect(await exitOf(again.child)).toBe(0);
    expect(listProcessesAround(directory)).toEqual([]);
  }, 400_000);

  test('after kill -9 of everything the next start recovers, and adopts the job that goes on', async () => {
    const first = await start();
    await firstChat(first);
    const [job] = await jobs(first);
    expect(job?.state).toMatch(/^(ready|busy)$/);
    // All but the job: it is not ours to lose.
    const own = listProcessesAround(directory).filter(
      ({ command, workingDirectory }) =>
        !`${command} ${workingDirectory}`.includes(join(directory, 'local')),
    );
    for (const { pid } of own) killIfThere(pid);
    await exitOf(first.child);
    const again = await start();
    expect(await firstChat(again)).toContain('[DONE]');
    expect((await jobs(again)).map(({ id }) => id)).toEqual([job?.id]);
    again.child.kill('SIGINT');
    await exitOf(again.child);
    expect(listProcessesAround(directory)).toEqual([]);
  }, 400_000);

  test('kill -9 of the supervisor, or of the bootstrap, leaves no service behind', async () => {
    const first = await start();
    process.kill((await runFile()).pid, 'SIGKILL');
    await exitOf(first.child);
    await nothingIsLeft();
    const second = await start();
    second.child.kill('SIGKILL');
    await nothingIsLeft();
  }, 300_000);

  test('what dies is started again', async () => {
    const running = await start();
    await firstChat(running);
    const before = await runFile();
    const victims = Object.values(before.services).flat();
    for (const { pid } of victims) process.kill(pid, 'SIGKILL');
    const stores = listProcessesAround(directory).filter(({ command }) =>
      /\/postgres -D|redis-server/.test(command),
    );
    expect(stores).toHaveLength(2);
    for (const { pid } of stores) process.kill(pid, 'SIGKILL');
    await eventually(
      'three new services',
      async () => {
        const now = Object.values((await runFile()).services).flat();
        const old = new Set(victims.map(({ pid }) => pid));
        return now.length === 3 && now.every(({ pid }) => !old.has(pid));
      },
      90_000,
    );
    const answer = await eventually(
      'an answer',
      () => firstChat(running).catch(() => null),
      60_000,
    );
    expect(answer).toContain('[DONE]');
    for (const name of ['proxy', 'api', 'scheduler', 'Postgres', 'Redis'])
      expect(running.output()).toMatch(new RegExp(`^${name} ended \\(SIGKILL\\)`, 'm'));
    running.child.kill('SIGINT');
    expect(await exitOf(running.child)).toBe(0);
    expect(listProcessesAround(directory)).toEqual([]);
  }, 300_000);

  test('two run side by side', async () => {
    const other = await mkdtemp(join(tmpdir(), 'wakefield-start-'));
    await chmod(other, 0o755);
    const [a, b] = await Promise.all([
      start(),
      start({
        PORT: String(await freePorts(1)),
        WAKEFIELD_DATA: other,
        API_LOCAL_KEY: 'other-key',
      }),
    ]);
    expect(b.key).toBe('other-key');
    const answers = await Promise.all([firstChat(a), firstChat(b)]);
    for (const answer of answers) expect(answer).toContain('[DONE]');
    a.child.kill('SIGINT');
    await exitOf(a.child);
    expect(await firstChat(b)).toContain('[DONE]');
    b.child.kill('SIGINT');
    await exitOf(b.child);
    expect([...listProcessesAround(directory), ...listProcessesAround(other)]).toEqual([]);
    await rm(other, { recursive: true, force: true });
  }, 300_000);

  test('what is in the way is said, with the remedy', async () => {
    const wrong = launch({ API_LOCAL_KEY: 'short' });
    expect(await exitOf(wrong.child)).toBe(1);
    expect(wrong.output()).toContain('API_LOCAL_KEY has to be');
    const unreachable = launch({ DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' });
    expect(await exitOf(unreachable.child)).toBe(1);
    expect(unreachable.output()).toMatch(
      /PostgreSQL at postgres:\/\/u:\*\*\*@127.0.0.1:1\/x does not/,
    );
    expect(listProcessesAround(directory)).toEqual([]);
  }, 60_000);
});

/** Some of them end because others have: that is no failure. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
