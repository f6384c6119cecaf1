// `npm run recipe -- lint [FOLDER] | list | render NAME`: looks at recipes without a cluster.
import { runRecipeCli } from '@wakefield/recipes';

process.exitCode = await runRecipeCli({
  arguments: process.argv.slice(2),
  // Commas, as the services read it.
  folders: (process.env.WAKEFIELD_RECIPES ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== ''),
  // npm changes to the root of the checkout.
  workingDirectory: process.env.INIT_CWD ?? process.cwd(),
  print: (line) => console.log(line),
});
