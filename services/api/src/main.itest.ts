import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { storeFixture, testRedis } from '@wakefield/testkit';

// A loaded machine may be slow; a test that hangs is told by it all the same.
jest.setTimeout(30_000);

const redis = testRedis();
let store: Awaited<ReturnType<typeof storeFixture>>;
let child: ChildProcess;
let output = '';

function start(env: Record<string, string>): ChildProcess {
  const process = fork(join(import.meta.dirname, 'main.ts'), {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    env: { DATABASE_URL: store.url, REDIS_URL: redis.url, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [process.stdout, process.stderr])
    stream?.on('data', (text) => {
      output += String(text);
    });
  return process;
}

beforeAll(async () => {
  store = await storeFixture();
});

afterAll(async () => {
  if (child.exitCode === null) child.kill('SIGKILL');
  await redis.cleanup();
  await store.close();
});

describe('the process', () => {
  it('tells its supervisor when it is ready, answers, and ends in order', async () => {
    child = start({
      API_LOCAL_KEY: 'planted-key-of-the-api',
      WAKEFIELD_INSTALLATION: redis.installation,
    });
    const [message] = (await once(child, 'message')) as [
      { type: string; url: string; opsUrl: string },
    ];
    expect(message.type).toBe('ready');
    expect((await fetch(`${message.url}/health`)).status).toBe(200);
    const asked = await fetch(`${message.url}/p`, {
      headers: { authorization: 'Bearer planted-key-of-the-api' },
    });
    expect(await asked.json()).toEqual([]);
    expect((await fetch(`${message.opsUrl}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${message.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/wakefield_http_requests_total\{[^}]*route="listProjects"[^}]*\} 1/);
    expect(metrics).toContain('wakefield_queue_jobs{');
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(output).not.toContain('planted-key-of-the-api');
  });

  it('names what is wrong with its configuration and ends with 78', async () => {
    output = '';
    child = start({ PORT: 'many' });
    const [code] = await once(child, 'exit');
    expect(code).toBe(78);
    expect(output).toMatch(/API_LOCAL_KEY: has to be set/);
    expect(output).toMatch(/PORT: has to be a port/);
  });

  it('names the recipe of its site that has a mistake, and ends with 78', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wakefield-api-'));
    const recipe = join(folder, 'tools/x/recipe.yaml');
    await mkdir(join(recipe, '..'), { recursive: true });
    await writeFile(recipe, 'name: x\ndescription: y\ncommand: [true]\nprobes: { health: 5 }\n');
    output = '';
    child = start({
      API_LOCAL_KEY: 'planted-key-of-the-api',
      WAKEFIELD_INSTALLATION: redis.installation,
      WAKEFIELD_RECIPES: folder,
    });
    const [code] = await once(child, 'exit');
    await rm(folder, { recursive: true });
    expect(code).toBe(78);
    expect(output).toMatch(/^recipes cannot be used:$/m);
    expect(output).toContain(`\n  ${recipe}:4: probes.health: must be text, not 5\n`);
    expect(output).not.toContain('start failed');
  });
});
