import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
  renderService: () => {
    throw new Error('it starts no services');
  },
};

describe('npm run cluster', () => {
  let cluster: TestSlurm;
  let folder: string;
  let file: string;

  /** Writes clusters.yaml with these changes and runs the command. */
  async function run(
    args: readonly string[],
    change: Readonly<Record<string, unknown>> = {},
    answer: boolean | null = false,
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

  async function runAgain(args: readonly string[], answer: boolean | null = false) {
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
    expect(text).toMatch(/^site is usable\.$/m);
    expect(code).toBe(0);
    expect(await cluster.slurm.client('squeue', ['-h', '-t', 'R,PD', '-o', '%j'])).toBe('');
  });

  test('check says how far it came, and what tries the rest', async () => {
    const without = await run(['check', 'site'], { projects: {}, defaults: { partition: 'gpu' } });
    expect(without.text).toMatch(/^✔ partition gpu +up, at most /m);
    expect(without.text).toMatch(
      /^site is not fully tried: .*\n {2}npm run cluster -- check site --project PROJECT --submit$/m,
    );
    expect(without.code).toBe(0);
    const named = await runAgain(['check', 'site', '--project', 'demo']);
    expect(named.text).toMatch(
      /^site is usable as far .*\n {2}npm run cluster -- check site --project demo --submit$/m,
    );
  });

  test('check without a project tells a partition and a type of GPU that are not there', async () => {
    const { code, text } = await run(['check', 'site'], {
      projects: {},
      defaults: { partition: 'gpus' },
    });
    expect(text).toMatch(/^✘ partition gpus +there is no such partition; there are .*gpu/m);
    expect(text).toContain('site is not usable yet.');
    expect(code).toBe(1);
    const change = { projects: {}, defaults: { partition: 'gpu' }, gpus: { type: 'quantum' } };
    expect((await run(['check', 'site'], change)).text).toMatch(
      /^✘ gpus\.type +there is no quantum: gpu has gpu:/m,
    );
  });

  test('check warns of a private key that others may read', async () => {
    const keyFile = join(folder, 'key');
    await copyFile(cluster.slurm.ssh.keyFile, keyFile);
    await chmod(keyFile, 0o644);
    const { code, text } = await run(['check', 'site'], { keyFile });
    expect(text).toMatch(/^! key file .*\(mode 0644\)\n {4}→ chmod 600 /m);
    expect(code).toBe(0);
    await chmod(keyFile, 0o600);
    expect((await runAgain(['check', 'site'])).text).not.toContain('key file');
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

  test('trust says what to do where nobody can be asked', async () => {
    const { code, text } = await run(['trust', 'site'], { hostKey: undefined }, null);
    expect(text).toContain('npm run cluster -- trust site --yes');
    expect(text).toContain('Nothing was changed.');
    expect(text).not.toContain('@');
    expect(code).toBe(1);
    expect((await runAgain(['trust', 'site', '--yes'], null)).text).toContain('Pinned in ');
    expect(parse(await readFile(file, 'utf8')).clusters.site.hostKey).toBe(
      cluster.slurm.ssh.hostKey,
    );
  });

  test('trust takes another key than the pinned one only by its fingerprint', async () => {
    const old = `SHA256:${'A'.repeat(43)}`;
    const { code, text, questions } = await run(['trust', 'site', '--yes'], { hostKey: old }, true);
    expect(text).toContain('THIS IS NOT THE PINNED KEY');
    expect(questions).toEqual([]);
    expect(code).toBe(1);
    const checked = await runAgain(['check', 'site']);
    expect(checked.text).toMatch(/✘ login .*not the pinned one/);
    expect(checked.text).toContain('trust site');

    const [, shown = ''] = /shows the key\n +\S+ +(SHA256:\S+)/.exec(text) ?? [];
    const wrong = await runAgain(['trust', 'site', '--replace', `SHA256:${'B'.repeat(43)}`]);
    expect(wrong.code).toBe(1);
    expect(parse(await readFile(file, 'utf8')).clusters.site.hostKey).toBe(old);
    const right = await runAgain(['trust', 'site', '--replace', shown]);
    expect(right.text).toContain('Pinned in ');
    expect(right.code).toBe(0);
    expect(parse(await readFile(file, 'utf8')).clusters.site.hostKey).toBe(
      cluster.slurm.ssh.hostKey,
    );
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
    [['trust'], /Say what to do/],
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
});
