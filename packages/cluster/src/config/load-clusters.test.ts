import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ClustersFileError, loadClusters, parseClusters } from './load-clusters.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICm+Ja+J9v93R5gwggN9IljFW1Jf432D/TofatB/2QP6';

const least = `clusters:
  site:
    kind: slurm-ssh
    host: login
    user: me
    keyFile: keys/id
    hostKey: ${key}
    workingDirectory: /scratch/wf/
`;

function problemsOf(text: string): string[] {
  try {
    parseClusters(text, 'clusters.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ClustersFileError)) throw error;
    return error.message.split('\n');
  }
}

describe('clusters.yaml', () => {
  test('the example for a centre is valid', () => {
    const path = join(import.meta.dirname, '../../../../deploy/clusters.example.yaml');
    const { clusters, defaultCluster } = parseClusters(readFileSync(path, 'utf8'), path);
    expect(clusters.map(({ name, kind }) => [name, kind])).toEqual([
      ['karolina', 'slurm-ssh'],
      ['lexis', 'heappe'],
      ['here', 'local'],
    ]);
    expect(defaultCluster).toBe('karolina');
  });

  test('finds the files of a HEAppE beside it, and names what is wrong with one', () => {
    const entry = (lines: string) =>
      `clusters:\n  mid:\n    kind: heappe\n    url: https://h.example.eu/x\n${lines}`;
    const [good] = parseClusters(
      entry('    credential: { kind: bearer, tokenFile: token }\n    caFile: ~/ca.pem\n'),
      '/etc/wakefield/clusters.yaml',
    ).clusters;
    expect(good).toMatchObject({
      caFile: join(homedir(), 'ca.pem'),
      credential: { kind: 'bearer', tokenFile: '/etc/wakefield/token' },
      transport: { kind: 'heappe' },
      template: { name: 'wakefield', allocation: '', preparation: '' },
    });
    const bad = entry(
      '    credential: { kind: api-key, user: me }\n    timeZone: Mars/Olympus\n    nodetype: gpu\n',
    );
    expect(problemsOf(bad.replace('https://', 'ftp://'))).toEqual([
      expect.stringMatching(/:4: clusters.mid.url: expected the address of an instance/),
      expect.stringMatching(/:5: clusters.mid.credential.keyFile: is missing/),
      expect.stringMatching(/:6: clusters.mid.timeZone: expected a time zone/),
      expect.stringMatching(/:7: clusters.mid.nodetype: unknown key/),
    ]);
  });

  test('fills in what a short file leaves out', () => {
    const { clusters, defaultCluster } = parseClusters(least, '/etc/wakefield/clusters.yaml');
    expect(defaultCluster).toBe('site');
    expect(clusters[0]).toMatchObject({
      name: 'site',
      port: 22,
      keyFile: '/etc/wakefield/keys/id',
      hostKey: [key],
      workingDirectory: '/scratch/wf',
      gpus: { style: 'gres', type: null },
      transport: { kind: 'ssh' },
      cadence: { busy: 2000, quiet: 20_000 },
      timeouts: { connect: 15_000, command: 30_000, submit: 150_000 },
      limits: { jobs: null, walltime: null, gpusPerJob: null },
      drainBeforeEnd: 60_000,
    });
  });

  test('reads lengths of time with units', () => {
    const { clusters } = parseClusters(`${least}    limits: { walltime: 1.5h }\n`, 'clusters.yaml');
    expect(clusters[0]?.limits.walltime).toBe(5_400_000);
  });

  test.each([
    ['an unknown key', `${least}    hots: x\n`, 'clusters.yaml:9: clusters.site.hots: unknown key'],
    [
      'an unknown key deep down',
      `${least}    gpus: { style: gres, kind: a100 }\n`,
      'clusters.yaml:9: clusters.site.gpus.kind: unknown key',
    ],
    [
      'an option of sbatch that is ours',
      `${least}    defaults:\n      options: { export: ALL }\n`,
      'clusters.yaml:10: clusters.site.defaults.options.export: unknown key',
    ],
    [
      'a relative working directory',
      least.replace('/scratch/wf/', 'scratch'),
      'clusters.yaml:8: clusters.site.workingDirectory: must be an absolute path',
    ],
    [
      'a broken host key',
      least.replace('AAAAC3', 'AAAAD3'),
      'clusters.yaml:7: clusters.site.hostKey: ',
    ],
    [
      'a bad length of time',
      `${least}    drainBeforeEnd: soon\n`,
      'clusters.yaml:9: clusters.site.drainBeforeEnd: expected seconds',
    ],
    [
      'ports the wrong way round',
      `${least}    ports: { from: 9, to: 8 }\n`,
      'clusters.yaml:9: clusters.site.ports: from must not be above to',
    ],
    [
      'a bad cluster name',
      least.replace('site:', 'Site_1:'),
      'clusters.yaml:2: clusters.Site_1: a cluster is named by',
    ],
    ['an unknown kind', least.replace('slurm-ssh', 'pbs'), 'clusters.yaml:3: clusters.site.kind: '],
    [
      'a default that is not there',
      `defaultCluster: other\n${least}`,
      'clusters.yaml:1: defaultCluster: must be one of the clusters (site), not the text "other"',
    ],
    ['broken YAML', 'clusters: {\n', 'clusters.yaml:2: '],
    ['the same key twice', `${least}    host: b\n`, 'clusters.yaml:9: '],
    ['no cluster', 'clusters: {}\n', 'clusters.yaml:1: clusters: name at least one cluster'],
    ['an empty file', '', 'clusters.yaml: '],
    [
      'a line break in a set-up line',
      `${least}    recipes: { vllm: { setup: ["a\\nb"] } }\n`,
      'clusters.yaml:9: clusters.site.recipes.vllm.setup.0: must be one line',
    ],
  ])('refuses %s', (_, text, expected) => {
    expect(problemsOf(text)).toContainEqual(expect.stringContaining(expected));
  });

  test.each([
    ['a key that looks like another', 'prot: 22', 'prot: unknown key; did you mean port?'],
    [
      'a key that looks like none',
      'gpus: { many: 8 }',
      'gpus.many: unknown key; there are style, type',
    ],
    [
      'an option of sbatch',
      'defaults: { options: { exclusve: true } }',
      'defaults.options.exclusve: unknown key; did you mean exclusive?',
    ],
    [
      'a word that is none of the few',
      'gpus: { style: gress }',
      'gpus.style: must be one of gres, gpus, gpus-per-node, none, not the text "gress"; did you mean gres?',
    ],
    [
      'a kind',
      'transport: { kind: tunnel }',
      'transport.kind: must be one of direct, ssh, jump, not the text "tunnel"',
    ],
    ['text for a number', 'port: "22"', 'port: must be a number, not the text "22"'],
    ['a number for text', 'modelDirectory: 7', 'modelDirectory: must be text, not 7'],
    ['too much', 'port: 99999', 'port: must be at most 65535, not 99999'],
    ['too little', 'limits: { jobs: 0 }', 'limits.jobs: must be at least 1, not 0'],
    [
      'one line for a list',
      'recipes: { vllm: { setup: module load x } }',
      'recipes.vllm.setup: must be a list (- value), not the text "module load x"',
    ],
    [
      'a list for a mapping',
      'projects: []',
      'projects: must be a mapping (key: value), not a list',
    ],
    ['nothing for a mapping', 'gpus:', 'gpus: must be a mapping (key: value), not nothing'],
    [
      'an option of sbatch that is a list',
      'defaults: { options: { exclusive: [] } }',
      'defaults.options.exclusive: must be true or false or a number or text, not a list',
    ],
  ])('says what is allowed instead of %s', (_, line, expected) => {
    expect(problemsOf(`${least}    ${line}\n`)).toEqual([
      `clusters.yaml:9: clusters.site.${expected}`,
    ]);
  });

  test('says what is missing, and every mistake in a line of its own', () => {
    const text = least.replace('    host: login\n', '').replace('    kind: slurm-ssh\n', '');
    expect(problemsOf(text)).toEqual([
      'clusters.yaml:2: clusters.site.kind: is missing: it must be one of slurm-ssh, heappe, local',
    ]);
    expect(problemsOf(`${least.replace('    host: login\n', '')}    bindHots: x\n`)).toEqual([
      'clusters.yaml:2: clusters.site.host: is missing: it must be text',
      'clusters.yaml:8: clusters.site.bindHots: unknown key; did you mean bindHost?',
    ]);
  });

  test('a file that is not there is told with what to begin', async () => {
    await expect(loadClusters('/nowhere/clusters.yaml')).rejects.toThrow(
      '/nowhere/clusters.yaml is not there. Begin with a copy of deploy/clusters.example.yaml.',
    );
  });
});
