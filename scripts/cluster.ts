// `npm run cluster -- check NAME | trust NAME | render NAME`: tries a cluster of clusters.yaml. The commands are in
// packages/cluster/src/cli; here they get the recipes, which that package does not know.
import { createInterface } from 'node:readline/promises';
import { runClusterCli } from '../packages/cluster/src/cli/run-cli.ts';
import { loadRecipes } from '../packages/recipes/src/index.ts';

const extraRecipes = (process.env.WAKEFIELD_RECIPES ?? '').split(':').filter((path) => path !== '');

process.exitCode = await runClusterCli({
  arguments: process.argv.slice(2),
  environment: process.env,
  workingDirectory: process.env.INIT_CWD ?? process.cwd(),
  terminal: { print: (line) => console.log(line), confirm },
  recipes: await loadRecipes(extraRecipes),
});

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
