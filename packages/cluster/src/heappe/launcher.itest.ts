import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../conformance/scene.ts';
import { LAUNCHER, launcherFiles } from './launcher.ts';
import { type JobReport, parseReport } from './report.ts';

let directory: string;
const running = new Set<ReturnType<typeof spawn>>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wakefield-launcher-'));
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

const path = (name: string) => join(directory, name);
const text = (name: string) => readFile(path(name), 'utf8').catch(() => '');
const report = async (): Promise<JobReport> => parseReport(await text(launcherFiles.report));

/** As HEAppE's template calls it: `cd <directory>; /bin/bash wakefield_run`. */
async function launch(lines: readonly string[], launcher = LAUNCHER) {
  await writeFile(path(launcherFiles.launcher), launcher);
  await writeFile(path(launcherFiles.script), ['#!/bin/bash', ...lines, ''].join('\n'));
  await writeFile(path('key'), 'secret', { mode: 0o644 });
  const child = spawn('/bin/bash', [launcherFiles.launcher], { cwd: directory, stdio: 'inherit' });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, ended };
}

describe('the launcher', () => {
  test('runs the script, tells of its files as they come, and ends as it does', async () => {
    const { ended } = await launch([
      `echo '{"host":"n","port":1}' > endpoint.json`,
      'echo 42 > gpu',
      'while [ ! -e go ]; do sleep 0.05; done',
      `echo '{"exitCode":3}' > exit.json`,
      'echo 0123456789 > log',
      'exit 3',
    ]);
    const early = await until('the endpoint', async () => {
      const now = await report();
      return now.files['endpoint.json'] === undefined || now.files.gpu === undefined ? null : now;
    });
    expect(early.files).toEqual({ 'endpoint.json': '{"host":"n","port":1}', gpu: '42' });
    expect(early.ended).toBeNull();
    expect(Math.abs((early.startedAt ?? 0) - Date.now())).toBeLessThan(10_000);
    await writeFile(path('go'), '');
    expect(await ended).toBe(3);
    const last = await report();
    expect(last.ended).toEqual({ status: 3, at: expect.any(Number) });
    expect(last.files['exit.json']).toBe('{"exitCode":3}');
    expect(last.logBytes).toBe(11);
    expect(last.terminatedAt).toBeNull();
  });

  test('keeps secrets to the user', async () => {
    const { ended } = await launch(['umask > mask']);
    expect(await ended).toBe(0);
    expect((await stat(path('key'))).mode & 0o777).toBe(0o600);
    expect((await text('mask')).trim()).toBe('0077');
  });

  test('asks the script to end when somebody put the file there', async () => {
    const { ended } = await launch([
      'trap "echo asked >> heard; exit 0" USR1',
      'echo > up',
      'while :; do sleep 0.05; done',
    ]);
    await until('the script', async () =>
      access(path('up')).then(
        () => true,
        () => null,
      ),
    );
    await writeFile(path(launcherFiles.end), '');
    expect(await ended).toBe(0);
    expect(await text('heard')).toBe('asked\n');
    expect((await report()).ended?.status).toBe(0);
  });

  test('starts nothing when it was asked to end before it began', async () => {
    await writeFile(path(launcherFiles.end), '');
    const { ended } = await launch(['echo > ran']);
    expect(await ended).toBe(0);
    expect(await text('ran')).toBe('');
    expect((await report()).files['exit.json']).toContain('"cause":"drained"');
  });

  test('writes down that it was told to go, at once, and tells its script', async () => {
    const { child, ended } = await launch([
      'trap "echo > told" TERM',
      'echo > up',
      'while [ ! -e told ]; do sleep 0.05; done',
      'sleep 1',
    ]);
    await until('the script', async () =>
      access(path('up')).then(
        () => true,
        () => null,
      ),
    );
    child.kill('SIGTERM');
    const seen = await until('the note', async () => {
      const now = await report();
      return now.terminatedAt === null ? null : now;
    });
    expect(seen.ended).toBeNull();
    await ended;
    expect((await report()).ended).not.toBeNull();
  });

  test('one of two in one directory gives way to who came last', async () => {
    const lines = [
      'echo $PPID >> up',
      'trap "exit 5" TERM',
      'while [ ! -e go ]; do sleep 0.05; done',
    ];
    const first = await launch(lines);
    await until('the first', async () => ((await text('up')).split('\n').length > 1 ? true : null));
    const second = await launch(lines);
    expect(await first.ended).toBe(0);
    expect((await report()).ended).toBeNull();
    await writeFile(path('go'), '');
    expect(await second.ended).toBe(0);
    expect((await report()).ended?.status).toBe(0);
  });

  test('goes on while nobody can tell whose the directory is', async () => {
    const { ended } = await launch([
      'echo > up',
      'while [ ! -e go ]; do sleep 0.05; done',
      'exit 4',
    ]);
    await until('its name', async () => ((await text('.wakefield_owner')) === '' ? null : true));
    await rename(path('.wakefield_owner'), path('elsewhere'));
    // The launcher looks once a second.
    const since = (await report()).startedAt ?? 0;
    await until('some looks', async () => (Date.now() - since > 4000 ? true : null));
    await rename(path('elsewhere'), path('.wakefield_owner'));
    await writeFile(path('go'), '');
    expect(await ended).toBe(4);
    expect((await report()).ended?.status).toBe(4);
  }, 30_000);

  test('ends a script that does not end by itself when its directory is gone for long', async () => {
    const quick = LAUNCHER.replace('-ge 30 ]', '-ge 1 ]').replace('waited < 20;', 'waited < 1;');
    expect(quick.length).toBe(LAUNCHER.length - 2);
    const { ended } = await launch(['trap "" TERM', 'echo $$ > pid', 'sleep 600'], quick);
    const pid = await until('its pid', async () => Number(await text('pid')) || null);
    await rm(directory, { recursive: true });
    expect(await ended).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }, 30_000);

  test('is not confused by files that are none', async () => {
    const { ended } = await launch(["printf '\\377\\000\\376{' > exit.json", 'mkdir gpu']);
    expect(await ended).toBe(0);
    expect((await report()).ended?.status).toBe(0);
    expect((await report()).files.gpu).toBeUndefined();
  });
});
