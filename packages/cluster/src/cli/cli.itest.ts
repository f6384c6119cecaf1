import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { RecipeCatalog } from '@wakefield/control';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { parse, stringify } from 'yaml';
import { runClusterCli } from './run-cli.ts';

jest.setTimeout(60_000);

/** Enough of a catalog for a command line that prints what it got. */
const recipes: RecipeCatalog = {
  names: () => ['vllm'],
  has: (engine) => engine === 'vllm',
  checkArguments: () => null,
  checkShape: () => null,
  capacity: () => null,
  render: ({ model, profile }) => ({
    script: `#!/bin/bash\n# ${model.spec.hfModelId} in ${profile.jobsDirectory}\n`,
    secretFiles: { key: 'secret text' },
  }),
};

describe('npm run cluster', () => {
  let cluster: TestSlurm;
  let folder: string;
  let file: string;

  /** Writes clusters.yaml with these changes and runs the command. */
  async function run(
    args: readonly string[],
    change: Readonly<Record<string, unknown>> = {},
    answer = false,
  ) {
    const { ssh } = cluster.slurm;
    const entry = {
      kind: 'slurm-ssh',
      ...ssh,
      workingDirectory: cluster.workingDirectory,
      nodeAddress: { fixed: '127.0.0.1' },
      ports: { from: 33_000, to: 34_000 },
      projects: { demo: { partition: 'gpu' } },
      ...change,
    };
    await writeFile(file, `# a comment that stays\n${stringify({ clusters: { site: entry } })}`);
    return runAgain(args, answer);
  }

  async function runAgain(args: readonly string[], answer = false) {
    const lines: string[] = [];
    const questions: string[] = [];
    const code = await runClusterCli({
      arguments: args,
      environment: { WAKEFIELD_CLUSTERS: file },
      workingDirectory: folder,
      root: folder,
      terminal: {
        print: (line) => lines.push(line),
        confirm: async (question) => {
          questions.push(question);
          return answer;
        },
      },
      recipes,
    });
    return { code, text: lines.join('\n'), questions };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wf-cli-'));
    file = join(folder, 'clusters.yaml');
    cluster = await startTestSlurm();
  });
  afterAll(async () => {
    expect(await cluster.stop()).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  test('check finds nothing wrong with a good cluster, and runs a job there when told to', async () => {
    const recipeSettings = { vllm: { setup: ['export WITHIN=1', 'test "$WITHIN" = 1'] } };
    const { code, text } = await run(['check', 'site', '--submit'], { recipes: recipeSettings });
    expect(text).not.toContain('✘');
    for (const what of [
      'recipe vllm',
      'login',
      'login shell',
      'programs',
      'clock',
      'working directory',
      'queue',
      'project demo',
      'transport ssh',
      'job',
      'shared directory',
      'setup vllm',
      'reaching a job',
    ])
      expect(text).toMatch(new RegExp(`^✔ ${what} `, 'm'));
    expect(code).toBe(0);
    expect(await cluster.slurm.client('squeue', ['-h', '-t', 'R,PD', '-o', '%j'])).toBe('');
  });

  test.each<[string, Readonly<Record<string, unknown>>, RegExp, RegExp]>([
    [
      'a partition',
      { projects: { demo: { partition: 'nope' } } },
      /✘ project demo .*nope/,
      /sinfo -s/,
    ],
    ['a type of GPU', { gpus: { type: 'quantum' } }, /✘ project demo .*gres/i, /sinfo -o "%P %G"/],
    ['a directory', { workingDirectory: '/proc/none' }, /✘ working directory/, /may write/],
    [
      'a model directory',
      { modelDirectory: '/none' },
      /✘ model directory .*\/none/,
      /stage models/,
    ],
    [
      'a host',
      { host: 'no-such-host.invalid' },
      /✘ login .*does not resolve/,
      /as the centre gives/,
    ],
    ['a user', { user: 'nobody' }, /✘ login .*does not accept the key/, /ssh-keygen -y -f/],
    [
      'a key file',
      { keyFile: '/none' },
      /✘ login .*\/none cannot be read/,
      /there is no such file/,
    ],
    [
      'a recipe',
      { recipes: { vlllm: { setup: ['true'] } } },
      /✘ recipe vlllm .*nobody runs these lines/,
      /one of: vllm/,
    ],
    ['a user', { user: 'nobody' }, /✘ login .*does not accept the key/, /authorized_keys/],
    [
      'set-up lines',
      { recipes: { vllm: { setup: ['if true; then'] } } },
      /✘ recipe vllm .*syntax/,
      /mend/,
    ],
  ])('check says what is wrong with %s, and the remedy', async (_, change, finding, remedy) => {
    const { code, text } = await run(['check', 'site'], change);
    expect(text).toMatch(finding);
    expect(text).toMatch(remedy);
    expect(text).toContain('site is not usable yet.');
    expect(code).toBe(1);
  });

  test('check tells set-up lines that fail on the node', async () => {
    const recipeSettings = { vllm: { setup: ['source /nowhere/activate'] } };
    const { code, text } = await run(['check', 'site', '--submit'], { recipes: recipeSettings });
    expect(text).toMatch(/✘ setup vllm .*nowhere/);
    expect(code).toBe(1);
  });

  test('trust pins the key once somebody agrees, and keeps the rest of the file', async () => {
    const no = await run(['trust', 'site'], { hostKey: undefined });
    expect(no.code).toBe(1);
    expect(no.text).toMatch(/ssh-ed25519 {2}SHA256:/);
    expect(no.questions).toHaveLength(1);
    expect(await readFile(file, 'utf8')).not.toContain('hostKey');

    const yes = await runAgain(['trust', 'site'], true);
    expect(yes.code).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# a comment that stays');
    expect(parse(text).clusters.site.hostKey).toBe(cluster.slurm.ssh.hostKey);

    const again = await runAgain(['trust', 'site']);
    expect(again.questions).toEqual([]);
    expect(again.text).toContain('It is the pinned one.');
  });

  test('trust warns loudly of another key than the pinned one', async () => {
    const hostKey = `SHA256:${'A'.repeat(43)}`;
    const { code, text } = await run(['trust', 'site'], { hostKey });
    expect(text).toContain('THIS IS NOT THE PINNED KEY');
    expect(code).toBe(1);
    const checked = await runAgain(['check', 'site']);
    expect(checked.text).toMatch(/✘ login .*not the pinned one/);
    expect(checked.text).toContain('trust site');
  });

  test('render prints the call and the script, and no secret', async () => {
    const { code, text } = await run(['render', 'site', '--model', 'org/model', '--gpus', '2']);
    expect(code).toBe(0);
    expect(text).toContain('--gres=gpu:2');
    expect(text).toContain('--partition=gpu');
    expect(text).toContain('# org/model in');
    expect(text).not.toContain('secret text');
  });

  test.each([
    [[], /Say what to do/],
    [['check'], /Say what to do/],
    [['dance', 'site'], /no command "dance"/],
    [['check', 'other'], /no cluster "other"; it has site/],
    [['check', 'site', '--sumbit'], /sumbit/],
    [['render', 'site', '--gpus', 'two'], /--gpus takes a whole number/],
    [['render', 'site', '--engine', 'x'], /no recipe "x"; there are vllm/],
  ])('%j is answered by how to use it', async (args, words) => {
    const { code, text } = await run(args);
    expect(text).toMatch(words);
    expect(text).toContain('npm run cluster -- COMMAND NAME');
    expect(code).toBe(2);
  });

  test('a broken file is told by line', async () => {
    const { code, text } = await run(['check', 'site'], { hots: 1 });
    expect(text).toMatch(/clusters\.yaml:\d+: clusters\.site\.hots: unknown key/);
    expect(code).toBe(1);
  });
});
