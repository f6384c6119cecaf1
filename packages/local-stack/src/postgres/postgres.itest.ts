import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { freePorts } from '../process/free-port.ts';
import { endProcesses, listProcessesAround } from '../process/process-table.ts';
import { type LocalPostgres, type PostgresOptions, startPostgres } from './start-postgres.ts';

let directory: string;
const started: LocalPostgres[] = [];

async function start(options: Partial<PostgresOptions> = {}): Promise<LocalPostgres> {
  const server = await startPostgres({ directory, durability: 'fast', ...options });
  started.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

const serversOf = (folder: string) =>
  listProcessesAround(folder).filter(({ command }) => command.includes('postgres'));

/** An empty database, made once; each test gets a copy. */
let template: string;

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wakefield-pg-'));
  // As root the database's user has to pass.
  chmodSync(folder, 0o755);
  return folder;
}

beforeAll(async () => {
  template = join(makeFolder(), 'db');
  await (await startPostgres({ directory: template, durability: 'fast' })).stop();
});
afterAll(() => rmSync(join(template, '..'), { recursive: true, force: true }));

beforeEach(() => {
  directory = join(makeFolder(), 'db');
  execFileSync('cp', ['-a', template, directory]);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  const left = serversOf(join(directory, '..'));
  await endProcesses(
    left.map(({ pid }) => pid),
    [{ signal: 'SIGKILL', waitMs: 2000 }],
  );
  rmSync(join(directory, '..'), { recursive: true, force: true });
  expect(left).toEqual([]);
});

describe('startPostgres', () => {
  test('brings a server of our own, with a password, on loopback; data outlives a restart', async () => {
    const first = await start({ durability: 'durable' });
    await query(first.url, 'create table t (n int)');
    await query(first.url, 'insert into t values (7)');
    expect(await query(first.url, 'show listen_addresses')).toEqual(['127.0.0.1']);
    const noPassword = first.url.replace(/:[^:@/]+@/, '@');
    await expect(query(noPassword, 'select 1')).rejects.toThrow(/password/);
    expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    const second = await start({ durability: 'durable' });
    expect(await query(second.url, 'select n from t')).toEqual([7]);
  });

  test('recovers after everything was killed', async () => {
    const first = await start({ durability: 'durable' });
    await query(first.url, 'create table t (n int)');
    await query(first.url, 'insert into t values (7)');
    // Postmaster and backends, as a power cut or the OOM killer would.
    for (const { pid } of serversOf(directory)) process.kill(pid, 'SIGKILL');
    await first.exited;
    expect(existsSync(join(directory, 'data/postmaster.pid'))).toBe(true);
    const second = await start({ durability: 'durable' });
    expect(await query(second.url, 'select n from t')).toEqual([7]);
  });

  test('ends an orphaned server of an earlier run', async () => {
    const first = await start({ durability: 'durable' });
    await query(first.url, 'create table t (n int)');
    const second = await start({ durability: 'durable' });
    expect(second.pid).not.toBe(first.pid);
    await first.exited;
    expect(await query(second.url, 'select count(*)::int from t')).toEqual([0]);
  });

  test('is not deceived by a postmaster.pid whose number belongs to somebody else', async () => {
    await (await start()).stop();
    const file = join(directory, 'data/postmaster.pid');
    writeFileSync(file, `${process.pid}\n${directory}/data\n1700000000\n5432\n\n127.0.0.1\n`);
    const again = await start();
    expect(await query(again.url, 'select 1')).toEqual([1]);
  });

  test('says which version made the data when none of that version is here', async () => {
    await (await start()).stop();
    writeFileSync(join(directory, 'data/PG_VERSION'), '9\n');
    await expect(start()).rejects.toThrow(
      /was made by PostgreSQL 9; here is .*move that directory/,
    );
  });

  test('a creation that was cut short leaves nothing half-made', async () => {
    rmSync(join(directory, 'data'), { recursive: true });
    const half = join(directory, 'data.new');
    execFileSync('mkdir', ['-p', join(half, 'base')]);
    writeFileSync(join(half, 'PG_VERSION'), '15\n');
    const server = await start();
    expect(await query(server.url, 'select 1')).toEqual([1]);
    expect(readdirSync(directory)).not.toContain('data.new');
  });

  test('a port that another Postgres has taken meanwhile is changed', async () => {
    const stranger = await start({ directory: join(directory, 'stranger') });
    const ports = [stranger.port ?? 0];
    const again = await start({ choosePort: async () => ports.shift() ?? freePorts(1) });
    expect(again.port).not.toBe(stranger.port);
    expect(await query(again.url, 'select 1')).toEqual([1]);
  });

  test('two run side by side', async () => {
    const [a, b] = await Promise.all([start(), start({ directory: join(directory, 'b') })]);
    expect(a.port).not.toBe(b.port);
    expect(await query(a.url, 'select 1')).toEqual(await query(b.url, 'select 1'));
  });

  test("the npm package works like the machine's own", async () => {
    const server = await start({ directory: join(directory, 'other'), binaries: 'embedded' });
    expect(server.source).toBe('embedded');
    expect(await query(server.url, 'show server_version_num')).toEqual([
      expect.stringMatching(/^18/),
    ]);
  });

  test('a given server is tried, and left alone', async () => {
    const own = await start();
    const given = await startPostgres({ directory: join(directory, 'unused'), url: own.url });
    expect(given).toMatchObject({ source: 'given', url: own.url, pid: null, major: own.major });
    await given.stop();
    expect(await query(own.url, 'select 1')).toEqual([1]);
    expect(existsSync(join(directory, 'unused'))).toBe(false);
  });

  test('a given server that refuses is named without its password', async () => {
    const { port } = await start();
    const url = `postgres://somebody:secret@127.0.0.1:${port}/x`;
    const failure = startPostgres({ directory, url });
    await expect(failure).rejects.toThrow(/somebody:\*\*\*@127\.0\.0\.1:\d+\/x: password auth/);
  });

  test('its log is in the directory', async () => {
    await start();
    expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).toContain('ready to accept');
  });
});
