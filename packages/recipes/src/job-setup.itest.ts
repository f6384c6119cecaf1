import { spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { program, until } from '../test/job.ts';
import { useWorkshop } from '../test/use-workshop.ts';

const workshop = useWorkshop();

describe('before the engine', () => {
  test('a drain that comes during set-up starts no engine', async () => {
    const profile = { setup: { simulator: ['echo setting-up > ready', 'sleep 1'] } };
    const job = await workshop.start({ profile }, workshop.catalogOf(['/bin/touch', 'started']));
    await until(async () => (await job.read('ready')) !== '');
    job.signal('SIGUSR1');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 0, cause: 'drained' });
    expect(await readdir(job.directory)).not.toContain('started');
    expect(await job.read('log')).toBe(
      'wakefield: asked to drain\nwakefield: ended, cause drained\n',
    );
  });

  test('a drain that comes while the command is made out starts no engine, either', async () => {
    const when = ['/bin/bash', '-c', 'echo asking > ready; until [ -e go ]; do sleep 0.05; done'];
    const command = ['/bin/touch', 'started', { when, args: ['more'] }];
    const job = await workshop.start({}, workshop.catalogOf(command));
    await until(async () => (await job.read('ready')) !== '');
    job.signal('SIGUSR1');
    await writeFile(join(job.directory, 'go'), '');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 0, cause: 'drained' });
    expect(await readdir(job.directory)).not.toContain('started');
    expect(await job.read('log')).toBe(
      'wakefield: asked to drain\nwakefield: ended, cause drained\n',
    );
  });

  test('a set-up line that the end of the job ends did not fail', async () => {
    const profile = { setup: { simulator: ['echo setting-up > ready', 'sleep 600'] } };
    const job = await workshop.start({ profile });
    await until(async () => (await job.read('ready')) !== '');
    await job.signalAll('SIGTERM');
    expect(await job.ended()).toBe(143);
    expect(await job.json('exit.json')).toMatchObject({ cause: 'terminated' });
    expect(await job.read('log')).toContain('wakefield: the cluster ends this job\n');
    expect(await job.read('log')).not.toContain('failed');
  });

  test('set-up that ends the shell is told', async () => {
    const profile = { setup: { simulator: ['echo no such module; exit 5'] } };
    const job = await workshop.start({ profile });
    expect(await job.ended()).toBe(5);
    expect(await job.read('log')).toContain('no such module');
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 5, cause: 'setup' });
  });

  test('a set-up line that fails is told, and no engine starts', async () => {
    const profile = { setup: { simulator: ['cd /nowhere/at/all', 'echo went on >> went-on'] } };
    const job = await workshop.start({ profile }, workshop.catalogOf(['/bin/touch', 'started']));
    expect(await job.ended()).toBe(1);
    expect(await job.read('log')).toContain(
      'wakefield: a set-up line failed with code 1: cd /nowhere/at/all',
    );
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 1, cause: 'setup' });
    const files = await readdir(job.directory);
    expect(files).not.toContain('started');
    expect(files).not.toContain('went-on');
  });

  test('failures within functions, sourced files and conditions are no failures of set-up', async () => {
    const sourced = join(workshop.root, 'activate');
    await writeFile(sourced, 'false\ntest -e /nowhere && echo there\ntrue\n');
    const lines = [
      'module() { false; true; }',
      'module load engine',
      `. ${sourced}`,
      'test -e /nowhere || true',
      'if false; then echo never; fi',
    ];
    const profile = { setup: { simulator: lines } };
    const job = await workshop.start({ profile }, workshop.catalogOf(['/bin/touch', 'started']));
    expect(await job.ended()).toBe(0);
    expect(await readdir(job.directory)).toContain('started');
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
    const job = await workshop.start({ profile }, workshop.catalogOf(command));
    await job.ended();
    expect(await job.read('wrapped')).toBe('/bin/true yes\n/bin/false\n/bin/echo --has\n');
    expect(await job.read('log')).toContain('\n--has\n');
  });

  test('the model directory is tried first, and nothing outside of it', async () => {
    const models = join(workshop.root, 'models of ours');
    await mkdir(join(models, 'acme', 'small'), { recursive: true });
    await writeFile(join(workshop.root, 'secret'), '');
    const catalog = workshop.catalogOf(['/bin/echo', 'model={model}']);
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
    const job = await workshop.start({ profile }, workshop.catalogOf(['/bin/sleep', '600']));
    await until(async () => (await job.read('gpu')) !== '');
    expect(await job.read('gpu')).toBe('50.5\n');
    expect(await job.read('asked')).toContain('-i 0,3 --query-gpu=utilization.gpu');
    job.signal('SIGUSR1');
    await job.ended();
    expect(await job.processes()).toEqual([]);
  });

  test('a requeued job does not show what its first run left', async () => {
    const catalog = workshop.catalogOf(['/bin/sh', '-c', 'ls > seen; sleep 600']);
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
      workshop.catalogOf(['/bin/sleep', '600']),
    );
    await until(async () => (await job.read('endpoint.json')) !== '');
    const own = spawnSync('hostname').stdout.toString().trim();
    expect(await job.json('endpoint.json')).toMatchObject({ host: host === '' ? own : host });
  });
});

describe('an engine that is not there', () => {
  const bring = 'recipes.simulator of this cluster in clusters.yaml has to bring it';
  const installed = {
    ask: ['/bin/sh', '-c', 'echo looking; test -e there || { echo no engine; exit 1; }'],
    hint: 'ask the cook',
  };
  const fails = ['/bin/sh', '-c', 'echo Traceback; exit 1'];

  test('is told by its program', async () => {
    const job = await workshop.start({}, workshop.catalogOf(['/no/such/engine', '{port}']));
    expect(await job.ended()).toBe(127);
    expect((await job.read('log')).trim()).toBe(
      `wakefield: engine simulator is not installed here: there is no program /no/such/engine; ${bring}`,
    );
    expect(await job.json('exit.json')).toMatchObject({
      ...{ exitCode: 127, cause: 'absent', missing: '/no/such/engine' },
    });
  });

  test('is told by what was to wrap it', async () => {
    const profile = { setup: { simulator: ['WAKEFIELD_WRAP=(apptainer-of-old exec image)'] } };
    const job = await workshop.start({ profile }, workshop.catalogOf(['/bin/true']));
    expect(await job.ended()).toBe(127);
    expect(await job.read('log')).toContain('there is no program apptainer-of-old;');
    expect(await job.json('exit.json')).toMatchObject({ cause: 'absent' });
  });

  test('is told by its recipe, once it has failed', async () => {
    const job = await workshop.start({}, workshop.catalogOf(fails, { installed }));
    expect(await job.ended()).toBe(1);
    expect(await job.read('log')).toMatch(
      /Traceback\nwakefield: engine simulator is not installed here: no engine; ask the cook\n$/,
    );
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 1, cause: 'absent' });
  });

  test('is another thing than one that fails', async () => {
    const setup = ['touch there'];
    const profile = { setup: { simulator: setup } };
    const job = await workshop.start({ profile }, workshop.catalogOf(fails, { installed }));
    expect(await job.ended()).toBe(1);
    expect(await job.read('log')).not.toContain('not installed');
    expect(await job.json('exit.json')).toMatchObject({ exitCode: 1, cause: 'engine' });
  });

  test('is vLLM, where python has no such module', async () => {
    const python = await program(workshop.root, 'python', '#!/bin/sh\nexec python3 -I -S "$@"\n');
    const profile = { setup: { vllm: [`PATH=${dirname(python)}:$PATH`] } };
    const job = await workshop.start({ engine: 'vllm', profile });
    expect(await job.ended()).toBe(1);
    expect(await job.read('log')).toContain(
      'wakefield: engine vllm is not installed here: python has no module vllm; npm run setup:vllm',
    );
    expect(await job.json('exit.json')).toMatchObject({ cause: 'absent' });
  });
});
