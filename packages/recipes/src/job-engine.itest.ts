import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { type RunningJob, until } from '../test/job.ts';
import { useWorkshop } from '../test/use-workshop.ts';

const workshop = useWorkshop();

const quick = { load_seconds: 0.1, tokens_per_second: 200 };

async function untilReady(job: RunningJob): Promise<string> {
  const url = await job.url();
  await until(() =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return url;
}

function stream(url: string, tokens: number): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-test', 'content-type': 'application/json' },
    body: JSON.stringify({
      messages: [{ role: 'user', content: 'x' }],
      max_tokens: tokens,
      ignore_eos: true,
      stream: true,
    }),
  });
}

describe('a job with the simulator', () => {
  test('drains on USR1 to the batch shell: the stream is finished, nothing is left', async () => {
    const job = await workshop.start({ engineArgs: quick });
    const url = await untilReady(job);
    const { port, pid, at } = await job.json('endpoint.json');
    expect([port, pid, at].every(Number.isSafeInteger)).toBe(true);
    expect(Math.abs(Date.now() - Number(at))).toBeLessThan(20_000);
    const answer = await stream(url, 200);
    job.signal('SIGUSR1');
    const text = await answer.text();
    expect(text).toContain('"finish_reason":"length"');
    expect(text).not.toContain('"abort"');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toEqual({
      exitCode: 0,
      cause: 'drained',
      at: expect.any(Number),
    });
    expect(await job.processes()).toEqual([]);
    const files = (await readdir(job.directory)).sort();
    expect(files).toEqual(['endpoint.json', 'exit.json', 'key', 'log', 'script']);
  });

  test('ends at once on TERM to everything', async () => {
    const job = await workshop.start({ engineArgs: quick });
    const url = await untilReady(job);
    const answer = await stream(url, 10_000);
    await job.signalAll('SIGTERM');
    await answer.text().catch(() => '');
    expect(await job.ended()).toBe(143);
    expect(await job.json('exit.json')).toMatchObject({ cause: 'terminated' });
    expect(await job.processes()).toEqual([]);
  });

  test('tells an engine that dies while it loads, with its last words in the log', async () => {
    const job = await workshop.start({ engineArgs: { load_seconds: 0.2, fail: 'load' } });
    expect(await job.ended()).toBe(1);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 1, cause: 'engine' });
    expect(await job.read('log')).toContain('torch.OutOfMemoryError');
  });

  test('the key is in no command line, and serves', async () => {
    const job = await workshop.start({ engineArgs: quick, engineKey: 'sk-very-secret' });
    const url = await untilReady(job);
    const headers = { authorization: 'Bearer sk-very-secret' };
    expect((await fetch(`${url}/v1/models`, { headers })).status).toBe(200);
    expect(spawnSync('ps', ['-A', '-o', 'args=']).stdout.toString()).not.toContain('very-secret');
    expect(job.script).not.toContain('very-secret');
  });

  test('says what is missing when the configuration does not name node', async () => {
    const profile = { environment: { simulator: {} } };
    const job = await workshop.start({ profile });
    expect(await job.ended()).not.toBe(0);
    expect(await job.read('log')).toContain('WAKEFIELD_NODE: is not set');
    expect(await job.read('log')).toContain('in clusters.yaml has to name it');
    expect(await job.json('exit.json')).toMatchObject({ cause: 'setup' });
  });
});

describe('engines that misbehave', () => {
  const bash = (text: string) => ['/bin/bash', '-c', text];

  test('one that ignores TERM is killed when the grace is over, with its children', async () => {
    const stubborn = bash('trap "" TERM; sleep 600 & echo up; while :; do sleep 1; done');
    const catalog = workshop.catalogOf(stubborn, { drain_grace_seconds: 1 });
    const job = await workshop.start({}, catalog);
    await until(async () => (await job.read('log')).includes('up'));
    job.signal('SIGUSR1');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 137, cause: 'drained' });
    expect(await job.processes()).toEqual([]);
  });

  test('one that leaves children behind', async () => {
    const job = await workshop.start({}, workshop.catalogOf(bash('sleep 600 & exit 3')));
    expect(await job.ended()).toBe(3);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 3, cause: 'engine' });
    expect(await job.processes()).toEqual([]);
  });

  test('what it said last stands in the log, and no marks of ours', async () => {
    const job = await workshop.start({}, workshop.catalogOf(bash('printf "no newline"; exit 3')));
    expect(await job.ended()).toBe(3);
    const lines = (await job.read('log')).trim().split('\n');
    expect(lines.slice(1)).toEqual([
      'no newline',
      'wakefield: ended, cause engine, engine exit code 3',
    ]);
    expect(await readdir(job.directory)).not.toContain('.flushed');
  });

  test.each<[string, string, NodeJS.Signals | null, string]>([
    [
      'is asked to drain',
      'echo up; exec sleep 600',
      'SIGUSR1',
      'drained, engine exit code 143 (TERM)',
    ],
    [
      'does not heed it',
      'trap "" TERM; echo up; while :; do sleep 0.1; done',
      'SIGUSR1',
      'drained, engine exit code 137 (KILL)',
    ],
    ['is killed', 'echo up; kill -KILL $$', null, 'engine, engine exit code 137 (KILL)'],
    ['crashes', 'echo up; ulimit -c 0; kill -SEGV $$', null, 'engine, engine exit code 139 (SEGV)'],
  ])(
    'one that %s: how it ended is in the log, and nothing of bash',
    async (_, text, signal, how) => {
      const catalog = workshop.catalogOf(bash(text), { drain_grace_seconds: 1 });
      const job = await workshop.start({}, catalog);
      await until(async () => (await job.read('log')).includes('up'));
      if (signal !== null) job.signal(signal);
      await job.ended();
      const [, up, ...rest] = (await job.read('log')).trim().split('\n');
      const asked = signal === null ? [] : ['wakefield: asked to drain'];
      expect([up, ...rest]).toEqual(['up', ...asked, `wakefield: ended, cause ${how}`]);
    },
  );

  // bash loses a child that it reaps in the moment of a signal, one time in four here, and would wait for ever.
  test('one that ends in the moment in which the job is ended, again and again', async () => {
    const catalog = workshop.catalogOf(bash('echo up; exec sleep 600'));
    for (let time = 0; time < 12; time++) {
      const job = await workshop.start({}, catalog);
      await until(async () => (await job.read('log')).includes('up'));
      await job.signalAll('SIGTERM');
      expect(await job.ended()).toBe(143);
      expect(await job.json('exit.json')).toMatchObject({ exitCode: 143, cause: 'terminated' });
    }
  });

  test('its own pid alone hears of the drain', async () => {
    const text = `bash -c 'trap "echo child heard" TERM; while :; do sleep 0.1; done' &
      trap 'echo engine heard; sleep 0.3; exit 0' TERM; echo up; while :; do sleep 0.05; done`;
    const job = await workshop.start({}, workshop.catalogOf(bash(text)));
    await until(async () => (await job.read('log')).includes('up'));
    job.signal('SIGUSR1');
    await job.ended();
    const log = await job.read('log');
    expect(log.indexOf('engine heard')).toBeGreaterThan(0);
    // The child hears of it only when the group is ended, after the engine.
    const child = log.indexOf('child heard');
    expect(child === -1 || child > log.indexOf('engine heard')).toBe(true);
  });

  test('a log of any length stays bounded, keeps its end and never shows the key', async () => {
    const limit = 64 * 1024;
    const text =
      'echo "args: api_key=sk-test"; i=0; while [ $i -lt 6000 ]; do echo "line $i of the log"; i=$((i+1)); done; echo last words; exit 1';
    const catalog = workshop.catalogOf(bash(text), { log_limit_bytes: limit });
    const job = await workshop.start({}, catalog);
    await job.ended();
    const log = await job.read('log');
    expect(log.length).toBeLessThanOrEqual(limit);
    expect(log.length).toBeGreaterThan(limit / 4);
    expect(log).toContain('line 5999 of the log\nlast words\n');
    // What is left goes on exactly where its first line says.
    const [head = '', cut] = /^wakefield: (\d+) bytes before this were cut off\n/.exec(log) ?? [];
    const lines = Array.from({ length: 6000 }, (_, i) => `line ${i} of the log\n`).join('');
    const { port } = await job.json('endpoint.json');
    const start = `wakefield: starting the engine on port ${port}\nargs: api_key=[key]\n`;
    const kept = `${start}${lines}last words\n`.slice(Number(cut));
    // It was cut twice.
    expect(Number(cut)).toBeGreaterThan(0.75 * limit);
    expect(log.slice(head.length, head.length + kept.length)).toBe(kept);
    const short = await workshop.start({}, workshop.catalogOf(bash('echo "key sk-test"')));
    await short.ended();
    expect(await short.read('log')).toContain('key [key]\n');
  });

  test('the key is not in the log, wherever a long line is cut', async () => {
    // Pieces of a line are read by 65,536 bytes: the key begins in one of them and ends in the next, or just does not.
    const lengths = Array.from({ length: 11 }, (_, i) => 65_527 + i);
    const text = `for n in ${lengths.join(' ')}; do printf '%*sI am sk-test-key, I said\\n' "$((n - 5))" ''; done`;
    const job = await workshop.start({ engineKey: 'sk-test-key' }, workshop.catalogOf(bash(text)));
    expect(await job.ended()).toBe(0);
    const log = await job.read('log');
    const words = lengths.map((n) => `${' '.repeat(n - 5)}I am [key], I said`).join('');
    const [, ...told] = log.split('\n').slice(0, -2);
    expect(told.join('') === words).toBe(true);
  });
});
