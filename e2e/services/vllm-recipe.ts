import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';

const file = join(import.meta.dirname, '../../recipes/inference/vllm/recipe.yaml');

/** The Python below a virtual environment, and all that is installed in it. */
const question = `import importlib.metadata, json, sys
print(json.dumps([sys._base_executable, sorted({f"{one.metadata['Name']}=={one.version}" for one in importlib.metadata.distributions()})]))`;

/**
 * The recipe of vLLM as a site without GPUs would have it, whose nodes all the same say that they have some: path, name, command
 * and variables are those of the recipe that comes along.
 * @param venv with vLLM for CPUs, out of the lock file
 */
export async function vllmOnCpus(folder: string, venv: string): Promise<void> {
  const { stdout } = await promisify(execFile)(join(venv, 'bin/python'), ['-c', question]);
  const [python, requirements] = JSON.parse(stdout);
  const { service, parameters, ...recipe } = parse(await readFile(file, 'utf8'));
  const { build: _build, ...onCpus } = service.cpu_only;
  const { VLLM_CPU_KVCACHE_SPACE: space, ...variables } = service.variables;
  const { enforce_eager: eager } = parameters;
  const site = {
    ...recipe,
    // Instead of the wheels for CUDA: those of the lock file for the Python of this machine.
    build: { kind: 'venv', python, requirements, whole: true },
    // As a service that asks for no GPU has it: nothing is compiled for minutes.
    parameters: { ...parameters, enforce_eager: { ...eager, default: true } },
    service: {
      ...service,
      variables: {
        ...variables,
        // What a GPU's memory would be to it is a part of the machine's own.
        VLLM_CPU_KVCACHE_SPACE: { ...space, value: { ...space.value, default: 1 } },
      },
      cpu_only: onCpus,
    },
  };
  const place = join(folder, 'inference/vllm');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'recipe.yaml'), stringify(site));
}
