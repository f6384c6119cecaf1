import { glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

const root = join(import.meta.dirname, '../..');

/** How long its build takes, and then the simulator to load, in seconds: long enough to be seen. */
const SECONDS = 2;

/** Stands for Python: an environment whose pip has nothing to do. It notes each that it makes. */
const python = (notes: string) => `#!/bin/bash
[ "$1 $2" = "-m venv" ] || exit 9
echo "$3" >>'${notes}'
mkdir -p "$3/bin"
sleep ${SECONDS}
printf '#!/bin/bash\n[ "$3" != install ] || echo "collecting \${!#}"\n' >"$3/bin/python"
chmod +x "$3/bin/python"
`;

export interface SiteRecipes {
  /** For WAKEFIELD_RECIPES. */
  readonly folder: string;
  /** How often its build was begun. */
  builds(): Promise<number>;
}

/** @param digest of a build, as the recipe tells it: what it left in the cache of this account */
export async function forgetBuild(digest: string): Promise<void> {
  const builds = join(homedir(), '.cache/wakefield/builds');
  for await (const name of glob(`${digest}*`, { cwd: builds }))
    await rm(join(builds, name), { recursive: true });
}

/**
 * Recipes of a site in which the simulator takes the place of vLLM: path, name, variables and resources are those of the
 * recipe that comes along; program and build are others. What the simulator has no flag for is heeded nowhere.
 */
export async function simulatedVllm(folder: string): Promise<SiteRecipes> {
  const text = await readFile(join(root, 'recipes/inference/vllm/recipe.yaml'), 'utf8');
  const { ranks: _ranks, installed: _installed, ...recipe } = parse(text);
  const notes = join(folder, 'builds');
  const interpreter = join(folder, 'python');
  const simulated = {
    ...recipe,
    description: 'The simulator in the place of vLLM.',
    command: [
      ...[process.execPath, '--conditions=source', '--disable-warning=ExperimentalWarning'],
      join(root, 'packages/simulator/src/main.ts'),
      ...['--host={bind_host}', '--port={port}', '--key-file={key_file}'],
      ...['--model={hf_model_id}', '--model={identity}', '--shutdown-timeout={drain_grace}'],
      `--load-seconds=${SECONDS}`,
    ],
    // Nothing that a node without GPUs has not.
    build: { ...recipe.build, needs: [], python: interpreter },
  };
  const place = join(folder, 'recipes/inference/vllm');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'recipe.yaml'), stringify(simulated));
  await writeFile(interpreter, python(notes), { mode: 0o755 });
  return {
    folder: join(folder, 'recipes'),
    builds: async () => (await readFile(notes, 'utf8').catch(() => '')).split('\n').length - 1,
  };
}
