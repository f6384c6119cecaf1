import { execFile } from 'node:child_process';
import type { RecipeCatalog } from '@wakefield/control';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { bad, doubtful, type Finding, good } from './terminal.ts';

/** Whether the set-up lines are bash, and belong to recipes that there are. They are not run here. */
export async function* checkSetup(
  config: SlurmSshConfig,
  recipes: RecipeCatalog,
): AsyncGenerator<Finding> {
  if (Object.values(config.recipes).every(({ setup }) => setup.length === 0))
    yield doubtful(
      'recipes',
      'none has set-up lines',
      'recipes.vllm.setup: whatever puts `python` with vLLM on PATH, unless every node has it',
    );
  for (const [name, { setup }] of Object.entries(config.recipes)) {
    const what = `recipe ${name}`;
    if (!recipes.has(name)) {
      const known = recipes.names().join(', ');
      yield bad(
        what,
        'there is no such recipe, so nobody runs these lines',
        `one of: ${known}; recipes of your own are found through WAKEFIELD_RECIPES`,
      );
      continue;
    }
    const error = await syntaxError(setup.join('\n'));
    yield error === null
      ? good(what, `${setup.length} set-up lines are well-formed (--submit runs them)`)
      : bad(what, error, `mend recipes.${name}.setup`);
  }
}

function syntaxError(script: string): Promise<string | null> {
  return new Promise((resolve) => {
    const child = execFile('bash', ['-n'], (error, _, stderr) =>
      resolve(error === null ? null : stderr.trim() || error.message),
    );
    child.stdin?.end(script);
  });
}
