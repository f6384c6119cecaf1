import { mkdir, readdir, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { program, until } from '../test/job.ts';
import { serviceJob, serviceRecipe } from '../test/service.ts';
import { useWorkshop } from '../test/use-workshop.ts';
import { loadRecipes } from './catalog.ts';

const workshop = useWorkshop();
let serial = 0;

/** Stands for Python: an environment is a folder with a `pip` that does what the test says, and a program `tool`. */
const python = (pip: string) => `#!/bin/bash
[ "$1 $2" = "-m venv" ] || exit 9
mkdir -p "$3/bin"
echo "\${TOOL_INDEX-unset}" >>"$HOME/seen"
printf '#!/bin/bash\\n${pip}\\n' >"$3/bin/python"
printf '#!/bin/bash\\necho "$VIRTUAL_ENV" >tool; echo "$TOOL_INDEX" >given\\n' >"$3/bin/tool"
chmod +x "$3/bin/"*
`;

/** An account on a cluster: what it builds is in its home directory. */
async function account(
  pip: string,
  given: Readonly<Record<string, string>> = {},
  build: object = {},
) {
  const home = join(workshop.root, `home-${++serial}`);
  await mkdir(home);
  const interpreter = await program(home, 'python', python(pip));
  const recipe = serviceRecipe({
    command: ['tool'],
    build: { kind: 'venv', python: interpreter, requirements: ['tool==1.0', 'a[b]==2'], ...build },
    variables: {
      TOOL_INDEX: {
        sets: 'environment',
        description: 'Where a careless installer might look.',
        value: { type: 'string', pattern: '[^]*' },
      },
    },
  });
  const builds = join(home, '.cache/wakefield/builds');
  return {
    builds,
    async start(setup: readonly string[] = []) {
      const name = `wf-t-build-${++serial}`;
      const profile = { jobsDirectory: home, setup: { tool: setup } };
      const job = await serviceJob(recipe, { name, profile, environment: given });
      return await workshop.run(join(home, name), job, { HOME: home });
    },
    made: async () => (await readdir(builds)).filter((file) => !/\.lock$/.test(file)),
    locks: async () => (await readdir(builds)).filter((file) => /\.lock$/.test(file)),
    count: async () =>
      (await readFile(join(home, 'pips'), 'utf8').catch(() => '')).split('\n').length - 1,
  };
}

const counted = 'echo "$@" >>"$HOME/pips"';

describe('what a recipe builds', () => {
  test('is built once, also where two jobs begin with it, and used by all', async () => {
    const here = await account(`${counted}; sleep 0.5`);
    const jobs = await Promise.all([here.start(), here.start(), here.start()]);
    for (const job of jobs) expect(await job.ended()).toBe(0);
    const later = await here.start();
    expect(await later.ended()).toBe(0);
    expect(await here.count()).toBe(1);
    const places = await Promise.all([...jobs, later].map((job) => job.read('tool')));
    expect(new Set(places).size).toBe(1);
    expect(places[0]).toMatch(/builds\/[0-9a-f]{16}-\w+\/venv\n$/);
    // The name, and what it leads to.
    expect((await here.made()).length).toBe(2);
    expect(await here.locks()).toEqual([]);
    expect(await later.read('log')).not.toContain('building');
    expect(await later.read('stage')).toBe('');
  });

  test('is built without what whoever starts it chose, which only the program has', async () => {
    const mine = { TOOL_INDEX: 'https://mine.example/simple' };
    const here = await account(`${counted}; echo "\${TOOL_INDEX-unset}" >>"$HOME/seen"`, mine);
    const job = await here.start();
    expect(await job.ended()).toBe(0);
    expect(await job.read('given')).toBe('https://mine.example/simple\n');
    expect(await readFile(join(here.builds, '../../../seen'), 'utf8')).toBe('unset\nunset\n');
  });

  test.each([
    [false, 'off tool==1.0 a[b]==2'],
    [true, 'off --no-deps tool==1.0 a[b]==2'],
  ])('whose list is whole (%j) is made of: %s', async (whole, words) => {
    const here = await account(counted, {}, { whole });
    expect(await (await here.start()).ended()).toBe(0);
    expect(await readFile(join(here.builds, '../../../pips'), 'utf8')).toContain(` ${words}\n`);
  });

  test('is told while it goes on, with its log', async () => {
    const here = await account('echo collecting; until [ -e "$HOME/go" ]; do sleep 0.05; done');
    const job = await here.start();
    // From the moment on in which it runs, before its script has done anything.
    for (let told = ''; !told.includes('collecting'); told = await job.read('log'))
      expect(await job.read('stage')).toBe('building\n');
    await mkdir(join(here.builds, '../../../go'));
    expect(await job.ended()).toBe(0);
    expect(await job.read('stage')).toBe('');
    expect(await job.read('log')).not.toContain('Killed');
  });

  test('and fails, ends the job in its own words, and leaves nothing', async () => {
    const here = await account('echo no such version; exit 4');
    const job = await here.start();
    expect(await job.ended()).toBe(4);
    expect(await job.json('exit.json')).toMatchObject({ cause: 'setup', exitCode: 4 });
    const log = await job.read('log');
    expect(log).toContain('no such version');
    expect(log).toContain('wakefield: the build failed with code 4');
    expect(await here.made()).toEqual([]);
    expect(await here.locks()).toEqual([]);
  });

  test('ends when the job is asked to', async () => {
    const here = await account('sleep 300');
    const job = await here.start();
    await until(async () => (await job.read('log')).includes('wakefield: building'));
    job.signal('SIGUSR1');
    expect(await job.ended()).toBe(0);
    expect(await job.json('exit.json')).toMatchObject({ cause: 'drained' });
    expect(await job.read('log')).toMatch(
      /^wakefield: building .*\nwakefield: asked to drain\nwakefield: ended, cause drained\n$/,
    );
    await until(async () => (await job.processes()).length === 0);
    expect(await here.made()).toEqual([]);
  });

  test('does not wait for a job that is gone', async () => {
    const here = await account(counted);
    const first = await here.start();
    expect(await first.ended()).toBe(0);
    const [name = ''] = (await here.made()).sort();
    await rm(join(here.builds, name));
    const lock = join(here.builds, `${name}.lock`);
    await mkdir(lock);
    const long = new Date(Date.now() - 600_000);
    await utimes(lock, long, long);
    expect(await (await here.start()).ended()).toBe(0);
    expect(await here.count()).toBe(2);
  });

  test.each(['its folder', 'what says that it is whole'])(
    'is built anew where %s was removed, and its name was not',
    async (what) => {
      const here = await account(counted);
      expect(await (await here.start()).ended()).toBe(0);
      const [name = '', folder = ''] = (await here.made()).sort();
      const gone = what === 'its folder' ? folder : join(folder, 'done');
      await rm(join(here.builds, gone), { recursive: true });
      const job = await here.start();
      expect(await job.ended()).toBe(0);
      expect(await job.read('tool')).toBe(`${join(here.builds, name)}/venv\n`);
      expect(await here.count()).toBe(2);
      expect(await here.locks()).toEqual([]);
      expect(await (await here.start()).ended()).toBe(0);
      expect(await here.count()).toBe(2);
    },
  );

  test('removes what killed builds left, once it is a day old', async () => {
    const here = await account(counted);
    expect(await (await here.start()).ended()).toBe(0);
    const [name = '', named = ''] = (await here.made()).sort();
    const other = `0123456789abcdef-${name.split('-')[1]}`;
    const [old, fresh, theirs] = [`${name}.1`, `${name}.2`, `${other}.3`];
    const kept = `${other}.4`;
    for (const folder of [old, fresh, theirs, kept, 'of.mine'])
      await mkdir(join(here.builds, folder, 'venv'), { recursive: true });
    await symlink(kept, join(here.builds, other));
    const long = new Date(Date.now() - 25 * 3_600_000);
    for (const folder of [named, old, theirs, kept, 'of.mine'])
      await utimes(join(here.builds, folder), long, long);
    // What is there is used; nothing is looked at.
    expect(await (await here.start()).ended()).toBe(0);
    expect(await here.made()).toContain(old);
    await rm(join(here.builds, name));
    expect(await (await here.start()).ended()).toBe(0);
    const left = await here.made();
    expect(left).toEqual(expect.arrayContaining([fresh, kept, other, name, 'of.mine']));
    expect(left).toHaveLength(6);
    expect(await here.locks()).toEqual([]);
  });

  test('is not begun on a node without what it needs to be of use', async () => {
    const home = join(workshop.root, `home-${++serial}`);
    await mkdir(home);
    const { services } = await loadRecipes();
    const { recipe } = services.get('inference/vllm');
    const name = 'wf-t-build-gpu';
    const job = await serviceJob(recipe, { name, profile: { jobsDirectory: home } });
    const script = job.script.replaceAll('nvidia-smi', 'nvidia-smi-of-nowhere');
    const running = await workshop.run(join(home, name), { ...job, script }, { HOME: home });
    expect(await running.ended()).toBe(127);
    expect(await running.json('exit.json')).toMatchObject({ missing: 'nvidia-smi-of-nowhere' });
    expect(await running.read('log')).toMatch(
      /no program nvidia-smi-of-nowhere; npm run setup:vllm/,
    );
    expect(await readdir(home)).not.toContain('.cache');
  });

  test('is not built where the set-up lines of the cluster bring it', async () => {
    const here = await account(counted);
    const tool = [
      "tool() { :; }; mkdir bin; printf '#!/bin/sh\\n' >bin/tool; chmod +x bin/tool",
      'PATH=$PWD/bin:$PATH',
    ];
    expect(await (await here.start(tool)).ended()).toBe(0);
    expect(await here.count()).toBe(0);
  });
});
