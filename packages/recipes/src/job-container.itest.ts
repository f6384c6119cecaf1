import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { program } from '../test/job.ts';
import { serviceJob, serviceRecipe } from '../test/service.ts';
import { useWorkshop } from '../test/use-workshop.ts';
import { loadRecipes } from './catalog.ts';

const workshop = useWorkshop();
let serial = 0;

/** Stands for apptainer: tells its words, makes an image of nothing, and runs what is behind the image's name. */
const apptainer = `#!/bin/bash
if [ "$1" = pull ]; then : >"$2"; exit; fi
printf '%s\\0' "$@" >"$HOME/words"
while [[ $1 != *.sif ]]; do shift; done
shift
exec "$@"
`;

const recipe = serviceRecipe({
  command: ['bash', '-c', 'echo kept >"$1/file"', 'store', '{env.STORE_DATA}'],
  build: { kind: 'apptainer', image: 'docker://example.org/store:1' },
  variables: {
    STORE_MODEL: {
      sets: 'model',
      description: 'd',
      value: { type: 'string', pattern: '[a-z/]+', default: 'a/b' },
    },
    STORE_DATA: {
      sets: 'environment',
      description: 'Its data.',
      value: { type: 'folder', default: '/tmp' },
    },
    STORE_LOGS: { sets: 'environment', description: 'Logs.', value: { type: 'folder' } },
    STORE_IN: {
      sets: 'environment',
      description: 'In the directory of the job.',
      value: { type: 'folder', default: 'inside' },
    },
    STORE_OLD: { sets: 'nothing', description: 'd', because: 'b', value: { type: 'folder' } },
  },
});

async function start(
  environment: Readonly<Record<string, string>>,
  modelDirectory: string | null = null,
) {
  const home = join(workshop.root, `home-${++serial}`);
  await mkdir(home);
  await program(home, 'apptainer', apptainer);
  const name = 'wf-t-store-1';
  const profile = { jobsDirectory: home, modelDirectory };
  const job = await serviceJob(recipe, { name, profile, environment });
  const directory = join(home, name);
  const PATH = `${home}:/usr/local/bin:/usr/bin:/bin`;
  const running = await workshop.run(directory, job, { HOME: home, PATH });
  const code = await running.ended();
  const words = await readFile(join(home, 'words'), 'utf8').catch(() => '');
  return { code, running, directory, words: words.split('\0') };
}

/** All programs of this machine but those for containers. */
async function withoutContainers(): Promise<string> {
  const folder = join(workshop.root, 'without-containers');
  await mkdir(folder);
  const names = (await readdir('/usr/bin')).filter((name) => !/apptainer|singularity/.test(name));
  await Promise.all(names.map((name) => symlink(join('/usr/bin', name), join(folder, name))));
  return folder;
}

test('recipes of containers say on a node without apptainer what is missing', async () => {
  const PATH = await withoutContainers();
  const { services } = await loadRecipes();
  const containers = services.list.filter(({ builds }) => builds.gpu?.kind === 'apptainer');
  expect(containers.map(({ path }) => path)).toEqual([
    ...['inference/llama-cpp', 'inference/ollama', 'inference/tei'],
    ...['storage/minio', 'vector/qdrant'],
  ]);
  for (const { path, recipe } of containers) {
    const home = join(workshop.root, `home-${++serial}`);
    const name = 'wf-t-store-1';
    const environment = path === 'storage/minio' ? { MINIO_ROOT_PASSWORD: 'of-its-caller' } : {};
    const profile = { jobsDirectory: home };
    const job = await serviceJob(recipe, { name, profile, environment });
    const running = await workshop.run(join(home, name), job, { HOME: home, PATH });
    expect([path, await running.ended()]).toEqual([path, 127]);
    expect(await running.json('exit.json')).toMatchObject({
      cause: 'absent',
      missing: 'apptainer',
    });
    expect(await running.read('log')).toBe(
      `wakefield: engine ${recipe.name} is not installed here: there is no program apptainer; recipes.${recipe.name} of this cluster in clusters.yaml has to bring it\n`,
    );
  }
});

describe('a container is given the folders that its variables name', () => {
  test.each(['plain', "o'clock $(touch no) `id` *", 'ärger 日本', '-rf #;'])('%j', async (name) => {
    const data = join(workshop.root, `data-${serial}`, name);
    const logs = join(workshop.root, `logs-${serial}`);
    const { code, words, directory } = await start({
      STORE_DATA: data,
      STORE_LOGS: logs,
      STORE_OLD: join(workshop.root, 'old'),
    });
    expect(code).toBe(0);
    const image = words.findIndex((word) => word.endsWith('.sif'));
    expect(words.slice(0, image)).toEqual([
      'exec',
      ...['--bind', directory, '--bind', data, '--bind', logs],
    ]);
    expect(await readFile(join(data, 'file'), 'utf8')).toBe('kept\n');
    expect((await stat(logs)).isDirectory()).toBe(true);
  });

  test('one that cannot be made ends the job as its set-up', async () => {
    const file = join(workshop.root, 'a-file');
    await writeFile(file, '');
    const { code, running, words } = await start({ STORE_DATA: join(file, 'data') });
    expect(code).toBe(1);
    expect(words).toEqual(['']);
    expect(await running.json('exit.json')).toMatchObject({ cause: 'setup', exitCode: 1 });
    expect(await running.read('log')).toMatch(/mkdir: .*a-file/);
  });

  test('and the models of the cluster, to read, where the node has them', async () => {
    const models = join(workshop.root, "models o'd");
    const binds = async (modelDirectory: string | null) => {
      const { code, words } = await start({ STORE_DATA: workshop.root }, modelDirectory);
      expect(code).toBe(0);
      return words.filter((word) => word.includes('models'));
    };
    expect(await binds(models)).toEqual([]);
    await mkdir(models);
    expect(await binds(models)).toEqual([`${models}:${models}:ro`]);
    expect(await binds(`${models}:/etc`)).toEqual([]);
    expect(await binds(null)).toEqual([]);
  });
});
