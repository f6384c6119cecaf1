// `npm run test:oidc`: brings a real Keycloak, and signs in with its users, by token and by browser.
import {
  boundToUs,
  findCommand,
  installPackages,
  missingPackages,
  SetupError,
} from '@wakefield/local-stack';
import { setupKeycloak } from './setup-keycloak.ts';
import { command, root } from './spawn.ts';

/** By the names that distributions give it. */
const browsers = ['chromium', 'chromium-browser', 'google-chrome'];

try {
  process.env.WAKEFIELD_TEST_KEYCLOAK = setupKeycloak();
  const browser = browsers.map((name) => findCommand(name)).find((path) => path !== null) ?? null;
  if (browser === null) console.log('There is no Chromium here: forms are filled in without one.');
  else process.env.WAKEFIELD_TEST_CHROMIUM = browser;
  await installPackages(missingPackages(), (line) => console.log(line));
  // Whoever ends us ends Jest as well, and that ends Keycloak.
  const jest = boundToUs(
    process.execPath,
    [
      ...[
        '--experimental-vm-modules',
        '--conditions=source',
        '--disable-warning=ExperimentalWarning',
      ],
      `${root}node_modules/jest/bin/jest.js`,
      ...[
        '--selectProjects',
        'oidc',
        '--runInBand',
        '--testTimeout=60000',
        ...process.argv.slice(2),
      ],
    ],
    'SIGKILL',
  );
  process.exitCode = await command(jest.command, jest.args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
