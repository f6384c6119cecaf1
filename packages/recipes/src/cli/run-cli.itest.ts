import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runRecipeCli } from './run-cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recipe-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: string[]) {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const options = { arguments: args, folders: [], workingDirectory: folder, print };
  return { code: await runRecipeCli(options), text: lines.join('\n') };
}

describe('npm run recipe', () => {
  test('lint says what each recipe is for', async () => {
    const { code, text } = await run('lint');
    expect(code).toBe(0);
    expect(text).toMatch(/✔ inference\/sglang +for models and services; untested/);
    expect(text).toMatch(/✔ notebook\/jupyter +for services; tried with 4\.6\.6 \(cpu, build\)$/m);
  });

  test('lint of a folder tells every mistake with file, line and what is meant', async () => {
    await mkdir(join(folder, 'mine/x'), { recursive: true });
    await writeFile(join(folder, 'mine/x/recipe.yaml'), 'name: x\ndescripton: y\ncommand: 5\n');
    const { code, text } = await run('lint', 'mine');
    expect(code).toBe(1);
    const file = join(folder, 'mine/x/recipe.yaml');
    expect(text).toContain(`✘ ${file}:2: descripton: unknown key; did you mean description?`);
    expect(text).toContain(`✘ ${file}:3: command: must be a list`);
  });

  test('lint tells what takes whose place', async () => {
    const file = join(folder, 'instead/storage/minio/recipe.yaml');
    const builtIn = join(import.meta.dirname, '../../../../recipes/storage/minio/recipe.yaml');
    await mkdir(join(file, '..'), { recursive: true });
    await copyFile(builtIn, file);
    const { code, text } = await run('lint', 'instead');
    expect(code).toBe(0);
    expect(text).toContain(`\n  ${file} takes the place of ${builtIn}\n`);
    expect(text.match(/takes the place/g)).toHaveLength(1);
  });

  test('a folder that is not there', async () => {
    const { code, text } = await run('lint', 'nowhere');
    expect(code).toBe(1);
    expect(text).toContain(`✘ ${join(folder, 'nowhere')}: cannot be read: ENOENT`);
  });

  test.each([
    ['that is empty', 'none', 'README.md'],
    ['of one recipe, where the folder above it is meant', 'one', 'recipe.yaml'],
  ])('lint of a folder %s finds nothing, and says so', async (_, name, file) => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, file), 'name: x\n');
    const { code, text } = await run('lint', name);
    expect(code).toBe(1);
    expect(text).toMatch(/✔ simulator/);
    expect(text).toContain(
      `\n✘ ${join(folder, name)}: no recipe is in it, as NAME/recipe.yaml or KIND/NAME/recipe.yaml`,
    );
  });

  test('render prints the script, and what does nothing', async () => {
    const asked = ['--env', 'VLLM_MODEL=gpt2', '--env', 'VLLM_PORT=8001', '--nodes', '2'];
    const { code, text } = await run('render', 'inference/vllm', ...asked, '--time-limit', '15');
    expect(code).toBe(0);
    expect(text).toContain('# VLLM_PORT does nothing: a free port');
    expect(text).toContain('"nodes":2,"cpu":8,"memory":"64G","time_limit":15,"gpu":1');
    expect(text).toContain('wf_argv+=(gpt2)');
    expect(text).toContain('srun --nodes=1 --ntasks=1');
    expect(text).toContain('vllm.entrypoints.cli.main');
    expect((await run('render', 'inference/vllm', '--gpu', 'none')).text).toContain('"gpu":null');
  });

  test('render begins with the first line of the script', async () => {
    expect((await run('render', 'simulator')).text).toMatch(/^#!\/bin\/bash\n/);
  });

  test('render --to writes what can be run as it stands', async () => {
    const { code, text } = await run('render', 'simulator', '--to', 'try');
    expect(code).toBe(0);
    const script = /^bash (.*\/job\.sh)$/m.exec(text)?.[1] ?? '';
    const directory = join(script, '..');
    expect(directory).toMatch(new RegExp(`^${join(folder, 'try')}/wf-`));
    expect(await readFile(script, 'utf8')).toContain(`wf_dir=${directory}\n`);
    expect((await stat(join(directory, 'key'))).mode & 0o777).toBe(0o600);
  });

  test('render refuses by name', async () => {
    const bad = await run('render', 'inference/vllm', '--env', 'VLLM_MODLE=x', '--cpu', 'many');
    expect(bad).toEqual({
      code: 1,
      text: 'config.environment.VLLM_MODLE is no variable of this recipe; did you mean VLLM_MODEL?\nconfig.resources.cpu must be a whole number from 1, like "8"',
    });
    const { code, text } = await run('render', 'inference/vlm');
    expect([code, text]).toEqual([
      1,
      'There is no recipe "inference/vlm". Did you mean "inference/vllm"?',
    ]);
  });

  test.each([
    [['render'], 'render takes one recipe'],
    [['render', 'simulator', '--env', 'X'], '--env X: must be NAME=VALUE'],
    [['render', 'simulator', '--node', '2'], '--node'],
    [['bake'], 'npm run recipe'],
    [[], 'npm run recipe'],
  ])('%j is a wrong call', async (args, words) => {
    const { code, text } = await run(...args);
    expect(code).toBe(64);
    expect(text).toContain(words);
    expect(text).toContain('lint [FOLDER]');
  });
});
