import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { renderInput } from '../test/inputs.ts';
import { program, until } from '../test/job.ts';
import { useWorkshop } from '../test/use-workshop.ts';

const workshop = useWorkshop();

/** Starts the ranks of one step on this machine, as srun would on its nodes; keeps what it was told. */
const srun = `#!/bin/bash
count=1 options=()
while [[ $1 == --* ]]; do
  options+=("$1")
  [[ $1 != --ntasks=* ]] || count=\${1#*=}
  shift
done
printf '%s\\n' "\${options[@]}" >"$WF_TEST_STEP"
trap 'kill $(jobs -p); exit 143' TERM
for ((rank = 0; rank < count; rank++)); do SLURM_PROCID=$rank "$@" & done
for ((rank = 0; rank < count; rank++)); do wait -n; code=$?; [ "$code" -eq 0 ] || { kill $(jobs -p); exit "$code"; }; done
`;

const spread = {
  ranks: {
    args: ['--node-rank={rank}', '--master={head_host}:{head_port}', "it's {nodes}"],
    others: ['--headless'],
  },
};

/** Each rank keeps its words in a file of its own, and goes on as `then` says. */
const engine = (then: string) => [
  'bash',
  '-c',
  `printf '%s\\0' "$@" "$SECRET" >rank.new.$$ && mv rank.new.$$ "rank-$(grep -aoP 'node-rank=\\K.' rank.new.$$)"; ${then}`,
  'engine',
  '--port={port}',
];

async function start(then: string, nodes: number, change: object = spread) {
  const bin = join(workshop.root, `bin-${Math.random()}`);
  await mkdir(bin);
  await program(bin, 'srun', srun);
  const step = join(bin, 'step');
  const catalog = workshop.catalogOf(engine(then), { environment: { SECRET: '{key}' }, ...change });
  const jobsDirectory = join(workshop.root, 'jobs');
  const name = `wf-t-ranks-${Math.random()}`;
  // As the catalog of models renders: both kinds of job go the same way.
  const job = catalog.render(
    renderInput({ nodes, gpuCount: nodes, name, profile: { jobsDirectory } }),
  );
  const path = `${bin}:/usr/local/bin:/usr/bin:/bin`;
  const environment = { PATH: path, WF_TEST_STEP: step, SLURM_CPUS_PER_TASK: '3' };
  const running = await workshop.run(join(jobsDirectory, name), job, environment);
  const words = async (rank: number) =>
    (await running.read(`rank-${rank}`)).split('\0').slice(0, -1);
  return { running, words, step: () => readFile(step, 'utf8') };
}

describe('a job of several nodes', () => {
  test('has the command on each node, with its rank and where the first one is', async () => {
    const { running, words, step } = await start('sleep 30', 3);
    await until(async () => (await words(2)).length > 0 && (await words(1)).length > 0);
    await until(async () => (await words(0)).length > 0);
    const head = await words(0);
    expect(head[0]).toMatch(/^--port=\d+$/);
    expect(head[1]).toBe('--node-rank=0');
    expect(head[2]).toMatch(/^--master=[\w.:-]+:\d+$/);
    expect(head[2]).not.toContain(head[0]?.slice('--port='.length));
    expect(head.slice(3)).toEqual(["it's 3", 'sk-test']);
    for (const rank of [1, 2])
      expect(await words(rank)).toEqual([
        ...[head[0], `--node-rank=${rank}`, head[2]],
        ...["it's 3", '--headless', 'sk-test'],
      ]);
    const asked = (await step()).split('\n');
    expect(asked).toEqual(
      expect.arrayContaining(['--nodes=2', '--relative=1', '--cpus-per-task=3', '--export=ALL']),
    );
    running.signal('SIGUSR1');
    expect(await running.ended()).toBe(0);
    await until(async () => (await running.processes()).length === 0);
  });

  test('ends when a node fails, and says so', async () => {
    const { running } = await start('[[ $* != *--headless* ]] || exit 3; sleep 30', 2);
    expect(await running.ended()).not.toBe(0);
    expect(await running.read('log')).toContain('the ranks on the other nodes ended with code 3');
    expect(await running.json('exit.json')).toMatchObject({ cause: 'engine' });
    await until(async () => (await running.processes()).length === 0);
  });

  test('of one node starts nothing else, and its words are those of the command', async () => {
    const { running } = await start('printf one >rank-0; exit 0', 1);
    expect(await running.ended()).toBe(0);
    expect(running.script).not.toContain('srun');
  });
});
