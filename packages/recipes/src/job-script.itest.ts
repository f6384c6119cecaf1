import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  catalogOf,
  jobTemplate,
  openWorkshop,
  program,
  type RunningJob,
  until,
  type Workshop,
} from '../test/job.ts';

jest.setTimeout(30_000);

let workshop: Workshop;
let template: string;

beforeAll(async () => {
  workshop = await openWorkshop();
  template = await jobTemplate();
});
afterAll(() => workshop.close());

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
    expect(await job.json('exit.json')).toMatchObject({ cause: 'engine' });
  });
});

describe('engines that misbehave', () => {
  const bash = (text: string) => ['/bin/bash', '-c', text];

  test('one that ignores TERM is killed when the grace is over, with its children', async () => {
    const stubborn = bash('trap "" TERM; sleep 600 & echo up; while :; do sleep 1; done');
    const catalog = catalogOf(template, stubborn, { drain_grace_seconds: 1 });
    const job = await workshop.start({}, catalog);
    await until(async () => (await job.read('log')).includes('up'));
    job.signal('SIGUSR1');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 137, cause: 'drained' });
    expect(await job.processes()).toEqual([]);
  });

  test('one that leaves children behind', async () => {
    const job = await workshop.start({}, catalogOf(template, bash('sleep 600 & exit 3')));
    expect(await job.ended()).toBe(3);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 3, cause: 'engine' });
    expect(await job.processes()).toEqual([]);
  });

  test('one that is not there', async () => {
    const job = await workshop.start({}, catalogOf(template, ['/no/such/engine']));
    expect(await job.ended()).toBe(127);
    expect(await job.read('log')).toContain('/no/such/engine: No such file or directory');
  });

  test('its own pid alone hears of the drain', async () => {
    const text = `bash -c 'trap "echo child heard" TERM; while :; do sleep 0.1; done' &
      trap 'echo engine heard; sleep 0.3; exit 0' TERM; echo up; while :; do sleep 0.05; done`;
    const job = await workshop.start({}, catalogOf(template, bash(text)));
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
    const catalog = catalogOf(template, bash(text), { log_limit_bytes: limit });
    const job = await workshop.start({}, catalog);
    await job.ended();
    const log = await job.read('log');
    expect(log.length).toBeLessThanOrEqual(limit);
    expect(log.length).toBeGreaterThan(limit / 4);
    expect(log).toContain('line 5999 of the log\nlast words\n');
    const short = await workshop.start({}, catalogOf(template, bash('echo "key sk-test"')));
    await short.ended();
    expect(await short.read('log')).toContain('key [key]\n');
  });
});

describe('ports', () => {
  test('an engine that finds its port taken gets another one', async () => {
    const text =
      'echo "$1" >> ports; if [ "$(wc -l < ports)" -lt 3 ]; then echo "OSError: [Errno 98] Address already in use" >&2; exit 1; fi; exit 7';
    const engine = await program(workshop.root, 'clashing', `#!/bin/bash\n${text}\n`);
    const job = await workshop.start({}, catalogOf(template, [engine, '{port}']));
    expect(await job.ended()).toBe(7);
    const ports = (await job.read('ports')).trim().split('\n');
    expect(ports).toHaveLength(3);
    expect(await job.json('endpoint.json')).toMatchObject({ port: Number(ports[2]) });
  });

  test('gives up after five', async () => {
    const text = 'echo try >> tries; echo EADDRINUSE; exit 1';
    const job = await workshop.start({}, catalogOf(template, ['/bin/bash', '-c', text]));
    expect(await job.ended()).toBe(1);
    expect(await job.read('tries')).toBe('try\n'.repeat(5));
  });

  test('another failure is not tried again', async () => {
    const text = 'echo try >> tries; exit 4';
    const job = await workshop.start({}, catalogOf(template, ['/bin/bash', '-c', text]));
    expect(await job.ended()).toBe(4);
    expect(await job.read('tries')).toBe('try\n');
  });

  test('a taken port is not chosen; without a free one the job says so', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const profile = { ports: { from: port, to: port } };
    const job = await workshop.start({ profile }, catalogOf(template, ['/bin/true']));
    expect(await job.ended()).toBe(1);
    expect(await job.read('log')).toContain(`no free port between ${port} and ${port}`);
    await new Promise((resolve) => server.close(resolve));
  });

  test('two jobs never share a port, though neither engine has bound it yet', async () => {
    const profile = { ports: { from: 31_890, to: 31_891 } };
    const catalog = catalogOf(template, ['/bin/sleep', '600']);
    const jobs = [
      await workshop.start({ profile }, catalog),
      await workshop.start({ profile }, catalog),
    ];
    const urls = await Promise.all(jobs.map((job) => job.url()));
    expect(new Set(urls).size).toBe(2);
  });
});

describe('before the engine', () => {
  test('a drain that comes during set-up starts no engine', async () => {
    const profile = { setup: { simulator: ['echo setting-up > ready', 'sleep 1'] } };
    const job = await workshop.start({ profile }, catalogOf(template, ['/bin/touch', 'started']));
    await until(async () => (await job.read('ready')) !== '');
    job.signal('SIGUSR1');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 0, cause: 'drained' });
    expect(await readdir(job.directory)).not.toContain('started');
  });

  test('set-up that ends the shell is told', async () => {
    const profile = { setup: { simulator: ['echo no such module; exit 5'] } };
    const job = await workshop.start({ profile });
    expect(await job.ended()).toBe(5);
    expect(await job.read('log')).toContain('no such module');
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 5, cause: 'engine' });
  });

  test('set-up may wrap the command, and what is asked before it', async () => {
    const wrap = await program(
      workshop.root,
      'wrap',
      '#!/bin/bash\necho "wrapped $*" >> wrapped\nexec "$@"\n',
    );
    const profile = {
      setup: { simulator: [`WAKEFIELD_WRAP=(${wrap} --nv)`, 'shopt -s expand_aliases'] },
    };
    const inner = await program(
      workshop.root,
      'wrap',
      '#!/bin/bash\nshift\necho "$*" >> wrapped\nexec "$@"\n',
    );
    expect(inner).toBe(wrap);
    const command = [
      '/bin/echo',
      { when: ['/bin/true', 'yes'], args: ['--has'] },
      { when: ['/bin/false'], args: ['--has-not'] },
    ];
    const job = await workshop.start({ profile }, catalogOf(template, command));
    await job.ended();
    expect(await job.read('wrapped')).toBe('/bin/true yes\n/bin/false\n/bin/echo --has\n');
    expect(await job.read('log')).toContain('\n--has\n');
  });

  test('the model directory is tried first, and nothing outside of it', async () => {
    const models = join(workshop.root, 'models of ours');
    await mkdir(join(models, 'acme', 'small'), { recursive: true });
    await writeFile(join(workshop.root, 'secret'), '');
    const catalog = catalogOf(template, ['/bin/echo', 'model={model}']);
    const profile = { modelDirectory: models };
    const modelOf = async (hfModelId: string) => {
      const job = await workshop.start({ hfModelId, profile }, catalog);
      await job.ended();
      return /^model=(.*)$/m.exec(await job.read('log'))?.[1];
    };
    expect(await modelOf('acme/small')).toBe(join(models, 'acme', 'small'));
    expect(await modelOf('acme/large')).toBe('acme/large');
    expect(await modelOf('acme/..')).toBe('acme/..');
    expect(await modelOf('../models of ours/acme')).toBe('../models of ours/acme');
  });

  test('GPU use is sampled where nvidia-smi is, as the mean of the job\u2019s GPUs', async () => {
    const tools = join(workshop.root, 'tools');
    await mkdir(tools, { recursive: true });
    await program(
      tools,
      'nvidia-smi',
      '#!/bin/bash\necho "$*" > "$PWD/asked"\nprintf "40\\n61\\n"\n',
    );
    const profile = {
      setup: { simulator: [`PATH=${tools}:$PATH`, 'export CUDA_VISIBLE_DEVICES=0,3'] },
    };
    const job = await workshop.start({ profile }, catalogOf(template, ['/bin/sleep', '600']));
    await until(async () => (await job.read('gpu')) !== '');
    expect(await job.read('gpu')).toBe('50.5\n');
    expect(await job.read('asked')).toContain('-i 0,3 --query-gpu=utilization.gpu');
    job.signal('SIGUSR1');
    await job.ended();
    expect(await job.processes()).toEqual([]);
  });

  test('a requeued job does not show what its first run left', async () => {
    const catalog = catalogOf(template, ['/bin/sh', '-c', 'ls > seen; sleep 600']);
    const name = 'wf-t-0123456789abcdef-900';
    const directory = join(workshop.root, 'jobs', name);
    await mkdir(directory, { recursive: true });
    for (const file of ['exit.json', 'gpu']) await writeFile(join(directory, file), 'old');
    const job = await workshop.start({ name }, catalog);
    await until(async () => (await job.read('seen')) !== '');
    expect(await job.read('seen')).not.toMatch(/exit\.json|gpu/);
  });

  test.each([
    [{ kind: 'hostname' } as const, ''],
    [{ kind: 'fixed', host: 'login.example.org' } as const, 'login.example.org'],
  ])('advertises %j', async (advertise, host) => {
    const job = await workshop.start(
      { profile: { advertise } },
      catalogOf(template, ['/bin/sleep', '600']),
    );
    await until(async () => (await job.read('endpoint.json')) !== '');
    const own = spawnSync('hostname').stdout.toString().trim();
    expect(await job.json('endpoint.json')).toMatchObject({ host: host === '' ? own : host });
  });
});

describe('whatever the values are', () => {
  const nasty = [
    `a'b"c $(touch /tmp/wakefield-no) \`id\` \\n %j %% !! ; | & > < * ~`,
    'two\nlines\n#SBATCH --qos=root',
    `<<argv>> {port} \${HOME} $wf_key`,
    '\r\n\t\u001b[31m',
    "'; exit 9; '",
    'ärger 日本 🙂',
  ];

  test.each(nasty)('%j reaches the engine unchanged', async (text) => {
    const show =
      'import json,os,sys; print(json.dumps([sys.argv[1:], os.environ["GIVEN"], os.getcwd()]))';
    const catalog = catalogOf(
      template,
      ['python3', '-c', show, 'id={hf_model_id}', 'fixed={X}', '{engine_args}', 'p{port}p'],
      {
        environment: { GIVEN: 'value={hf_model_id}' },
        parameters: {
          text: { type: 'string', description: 'd', flag: '--text', pattern: '[^]*' },
        },
      },
    );
    const folder = join(workshop.root, `jobs ${text.replaceAll('/', '-')}`);
    const job = await workshop.start(
      {
        hfModelId: `x${text}`,
        engineArgs: { text },
        profile: { jobsDirectory: folder, environment: { simulator: { OTHER: text } } },
      },
      catalog,
    );
    expect(await job.ended()).toBe(0);
    const shown = /^\[.*\]$/m.exec(await job.read('log'))?.[0] ?? '';
    const [argv, given, cwd] = JSON.parse(shown) as [string[], string, string];
    expect(argv.slice(0, 3)).toEqual([`id=x${text}`, 'fixed={X}', `--text=${text}`]);
    expect(argv[3]).toMatch(/^p\d+p$/);
    expect(given).toBe(`value=x${text}`);
    expect(cwd).toBe(job.directory);
    expect(job.script).not.toMatch(/\r/);
    expect(job.script.split('\n').filter((line) => line.startsWith('#SBATCH'))).toEqual([]);
    expect(await readFile('/tmp/wakefield-no', 'utf8').catch(() => null)).toBeNull();
  });
});
