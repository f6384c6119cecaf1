import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

const root = join(import.meta.dirname, '../..');

/**
 * A folder of recipes of a site in which the simulator takes the place of vLLM: path, name, variables and resources are
 * those of the recipe that comes along, and the program is another. What the simulator has no flag for is heeded
 * nowhere.
 */
export async function simulatedVllm(folder: string): Promise<string> {
  const text = await readFile(join(root, 'recipes/inference/vllm/recipe.yaml'), 'utf8');
  const { build: _build, ranks: _ranks, installed: _installed, ...recipe } = parse(text);
  const { build: _onCpus, ...cpuOnly } = recipe.service.cpu_only;
  const simulated = {
    ...recipe,
    description: 'The simulator in the place of vLLM.',
    command: [
      ...[process.execPath, '--conditions=source', '--disable-warning=ExperimentalWarning'],
      join(root, 'packages/simulator/src/main.ts'),
      ...['--host={bind_host}', '--port={port}', '--key-file={key_file}', '--load-seconds=1'],
      ...['--model={hf_model_id}', '--model={identity}', '--shutdown-timeout={drain_grace}'],
    ],
    service: { ...recipe.service, cpu_only: cpuOnly },
  };
  const place = join(folder, 'inference/vllm');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'recipe.yaml'), stringify(simulated));
  return folder;
}
