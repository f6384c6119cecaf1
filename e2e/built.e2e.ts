import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  emptyTestDatabase,
  startTestSlurm,
  type TestDatabase,
  type TestRedis,
  type TestSlurm,
  testRedis,
} from '@wakefield/testkit';
import OpenAI from 'openai';
import { stringify } from 'yaml';
import { balance } from './built/balance.ts';
import { type Container, openSite, type Site } from './built/site.ts';
import { eventually } from './wakefield.ts';

jest.setTimeout(120_000);

const run = promisify(execFile);
const simulator = join(import.meta.dirname, '../packages/simulator/src/main.ts');
const model = 'acme/built';

/**
 * The production build as docker-compose.yml runs it, two of each, without Docker: the image's files, user,
 * variables, commands and health check, and a site's folder that only that user can read.
 */
describe('the production build', () => {
  let slurm: TestSlurm;
  let database: TestDatabase;
  let redis: TestRedis;
  let site: Site;
  const containers: Container[] = [];
  const doors: { url: string; close(): void }[] = [];
  let url = '';

  const start = async (name: string, hosts: Readonly<Record<string, string>> = {}) => {
    const container = await site.start(name, hosts);
    containers.push(container);
    return container;
  };
  const of = (name: string) => containers.filter((container) => container.name === name);
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${site.key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse((await response.text()) || 'null') };
  };
  const openai = (door = url) =>
    new OpenAI({ baseURL: `${door}/p/demo/openai/v1`, apiKey: site.key });
  const question = { model, messages: [{ role: 'user', content: 'Good morning!' } as const] };

  beforeAll(async () => {
    slurm = await startTestSlurm();
    database = await emptyTestDatabase();
    redis = testRedis();
    const { keyFile, ...ssh } = slurm.slurm.ssh;
    const cluster = {
      kind: 'slurm-ssh',
      ...ssh,
      keyFile: 'keys/login',
      workingDirectory: slurm.workingDirectory,
      nodeAddress: { fixed: '127.0.0.1' },
      cadence: { busy: '200ms', quiet: '2s' },
      recipes: {
        simulator: {
          environment: { WAKEFIELD_NODE: process.execPath, WAKEFIELD_SIMULATOR: simulator },
        },
      },
    };
    site = await openSite({
      databaseUrl: withPassword(database.url),
      redisUrl: redis.url,
      installation: redis.installation,
      clusters: stringify({ clusters: { site: cluster } }),
      keyFile,
    });
  });
  afterAll(async () => {
    for (const { process } of containers) process.kill('SIGKILL');
    for (const door of doors) door.close();
    await site?.close();
    await redis?.cleanup();
    await database?.drop();
    expect(await slurm?.stop()).toEqual([]);
  });

  test('holds nothing that development alone needs', async () => {
    const files = await readdir(site.app, { recursive: true });
    const own = files.filter((file) => !file.includes('node_modules'));
    expect(own.filter((file) => /(\.(ts|map|tsbuildinfo)|test\.js)$/.test(file))).toEqual([]);
    expect(own.filter((file) => /testkit|simulator|local-stack|conformance/.test(file))).toEqual([
      'recipes/simulator',
      'recipes/simulator/recipe.yaml',
    ]);
    const packages = await readdir(join(site.app, 'node_modules/.pnpm'));
    expect(
      packages.filter((name) => /^(jest|ts7|typescript|@biomejs|openai|@types)/.test(name)),
    ).toEqual([]);
    expect(files.filter((file) => file.endsWith('.node'))).toEqual([]);
  });

  test('migrates an empty database, at once and again', async () => {
    const both = await Promise.all([site.run('migrate'), site.run('migrate')]);
    for (const { code, output } of [...both, await site.run('migrate')])
      expect({ code, output }).toEqual({ code: 0, output: '{"msg":"database is up to date"}\n' });
  });

  test('tries its clusters from the image', async () => {
    const { code, output } = await site.run('cluster', ['check', 'site', '--project', 'demo']);
    expect(output).toContain('✔ project demo');
    expect(output).toContain('site is usable as far as it shows without a job.');
    expect(code).toBe(0);
  });

  test('two of each service become healthy', async () => {
    const apis = [await start('api'), await start('api')];
    const api = await balance(apis);
    const hosts = { 'http://api:8080': api.url };
    const proxies = [await start('proxy', hosts), await start('proxy', hosts)];
    const door = await balance(proxies);
    doors.push(api, door);
    url = door.url;
    await start('scheduler');
    await start('scheduler');
    for (const container of containers)
      await eventually(
        `${container.name} to be ready`,
        () =>
          fetch(`${container.opsUrl}/readyz`).then(
            ({ ok }) => ok,
            () => false,
          ),
        90_000,
      );
    expect(await Promise.all(containers.map(({ checkHealth }) => checkHealth()))).toEqual(
      containers.map(() => 0),
    );
  });

  test('register, wake, chat: one job, whoever asks', async () => {
    expect((await call('POST', '/p', { project: 'demo', cluster: 'site' })).status).toBe(201);
    const spec = { hf_model_id: model, gpu_count: 1, engine: 'simulator' };
    const engine_args = { load_seconds: 0.2 };
    expect((await call('PUT', '/p/demo/models', { ...spec, engine_args })).status).toBe(201);
    expect((await call('POST', '/p/demo/models', { hf_model_id: model })).status).toBe(200);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        openai().chat.completions.create({ ...question, max_tokens: 4 }),
      ),
    );
    for (const { choices } of answers) expect(choices[0]?.message.content).not.toBe('');
    const { stdout } = await run('squeue', ['-h', '-t', 'all', '-o', '%j'], {
      env: { ...process.env, SLURM_CONF: join(slurm.slurm.directory, 'etc/slurm.conf') },
    });
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  test('ends one of each during a stream: the stream is finished, others go on', async () => {
    const leaving = ['proxy', 'api', 'scheduler'].flatMap((name) => of(name).slice(0, 1));
    const stream = await openai(leaving[0]?.url).chat.completions.create({
      ...question,
      stream: true,
      max_tokens: 150,
      // The engines' own field, beside OpenAI's: go on until max_tokens.
      ...{ ignore_eos: true },
    });
    const words: string[] = [];
    const reading = (async () => {
      for await (const { choices } of stream) words.push(choices[0]?.delta.content ?? '');
    })();
    await eventually('the stream to run', async () => words.length > 5);
    const codes = await Promise.all(leaving.map((container) => container.stop()));
    await reading;
    expect(codes).toEqual([0, 0, 0]);
    expect(words.length).toBeGreaterThan(150);
    const answer = await openai().chat.completions.create({ ...question, max_tokens: 4 });
    expect(answer.choices).toHaveLength(1);
    expect((await call('GET', '/p/demo/models')).body).toHaveLength(1);
  });

  test('keeps its secrets to itself', async () => {
    const secrets = [site.key, new URL(withPassword(database.url)).password];
    for (const container of containers) {
      const environment = await readFile(`/proc/${container.process.pid}/environ`, 'utf8').catch(
        () => '',
      );
      for (const secret of secrets) {
        expect(container.output()).not.toContain(secret);
        expect(environment).not.toContain(secret);
      }
    }
  });

  test('SIGTERM ends the rest in order', async () => {
    const codes = await Promise.all(containers.map((container) => container.stop()));
    expect(codes).toEqual(containers.map(() => 0));
  });
});

/** A database that asks for no password is given one all the same: what is given must not be shown. */
function withPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password ||= 'never-to-be-shown-anywhere';
  return url.href;
}
