// `npm run cluster -- check NAME | trust NAME | render NAME`: tries a cluster of clusters.yaml. The commands are the
// cluster package's, the recipes another's; they meet here, in the process that uses both. Runs in the image, too.
import { createInterface } from 'node:readline/promises';
import { runClusterCli } from '@wakefield/cluster/cli';
import { loadRecipes, RecipesError } from '@wakefield/recipes';

// Commas, as the services read it.
const recipeFolders = (process.env.WAKEFIELD_RECIPES ?? '')
  .split(',')
  .map((path) => path.trim())
  .filter((path) => path !== '');

try {
  process.exitCode = await runClusterCli({
    arguments: process.argv.slice(2),
    environment: process.env,
    workingDirectory: process.env.INIT_CWD ?? process.cwd(),
    // npm changes to the root of the checkout.
    root: process.cwd(),
    terminal: { print: (line) => console.log(line), confirm },
    recipes: await loadRecipes(recipeFolders),
  });
} catch (error) {
  if (!(error instanceof RecipesError)) throw error;
  console.log(error.message);
  process.exitCode = error.exitCode;
}

async function confirm(question: string): Promise<boolean | null> {
  if (!process.stdin.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
