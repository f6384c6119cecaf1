import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RecipeCatalog } from '@wakefield/control';
import { installationOf } from '../config/clusters-path.ts';
import { runClusterCli } from './run-cli.ts';

const local = 'clusters: { here: { kind: local, directory: jobs } }\n';
const site = `clusters:
  site: { kind: slurm-ssh, host: login, user: me, keyFile: k, workingDirectory: /scratch }
`;

let root: string;
let file: string;
let data: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wf-cli-file-'));
  file = join(root, 'clusters.yaml');
  data = join(root, '.wakefield');
  mkdirSync(data);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const code = await runClusterCli({
    arguments: args,
    environment,
    workingDirectory: root,
    root,
    terminal: { print: (line) => lines.push(line), confirm: async () => null },
    recipes: { names: () => [], has: () => false } as unknown as RecipeCatalog,
  });
  return { code, text: lines.join('\n') };
}

describe('the file', () => {
  const ours = { WAKEFIELD_CLUSTERS: 'clusters.yaml' };

  test('is read and named by a check of no cluster', async () => {
    writeFileSync(file, local);
    const { code, text } = await run(['check'], ours);
    expect(text).toMatch(/clusters\.yaml is well-formed\. It has:\n {2}here +local\n/);
    expect(code).toBe(0);
  });

  test.each([[['check']], [['check', 'here']], [['trust', 'here']], [['render', 'here']]])(
    'that is wrong is told line by line: %j',
    async (args) => {
      writeFileSync(file, local.replace('jobs', 'jobs, slot: 3, gpus: many'));
      const { code, text } = await run(args, ours);
      expect(text.split('\n')).toEqual([
        `${file}:1: clusters.here.gpus: must be a number, not the text "many"`,
        `${file}:1: clusters.here.slot: unknown key; did you mean slots?`,
      ]);
      expect(code).toBe(1);
    },
  );

  test('that is not there is told with what to begin', async () => {
    const { code, text } = await run(['check', 'here']);
    expect(text).toBe(
      `${join(data, 'clusters.yaml')} is not there. Begin with a copy of deploy/clusters.example.yaml.`,
    );
    expect(code).toBe(1);
  });
});

describe('what npm start made', () => {
  test('is known, too: the private SLURM stands there alone', async () => {
    writeFileSync(join(data, 'clusters.yaml'), local);
    const made = join(data, 'clusters.run.yaml');
    writeFileSync(made, site.replace('site:', 'slurm-dev:'));
    const { text } = await run(['render', 'slurm-dev', '--engine', 'none']);
    expect(text).toContain(`slurm-dev stands in ${made}, which npm start made.`);
    expect(text).toContain('There is no recipe "none"');
    expect((await run(['check', 'other'])).text).toContain(
      `${join(data, 'clusters.yaml')} has no cluster "other"; it has here.`,
    );
    const elsewhere = await run(['check', 'slurm-dev', '--file', join(data, 'clusters.yaml')]);
    expect(elsewhere.text).toContain('no cluster "slurm-dev"');
  });

  test('tells the installation, unless the environment does', async () => {
    expect(await installationOf({}, root)).toBe('main');
    writeFileSync(join(data, 'installation'), 'a1b2c3\n');
    expect(await installationOf({}, root)).toBe('a1b2c3');
    expect(await installationOf({ WAKEFIELD_INSTALLATION: 'mine' }, root)).toBe('mine');
  });
});

test('a job for nobody is not submitted', async () => {
  writeFileSync(file, site);
  const { code, text } = await run(['check', 'site', '--submit', '--file', file]);
  expect(text).toContain('--submit needs a project whose job it is: add --project P.');
  expect(code).toBe(2);
});
