// `npm run test:oidc [-- --without-browser] [arguments of Jest]`: brings a real Keycloak, and signs in with its users, by
// token and by browser.
import {
  boundToUs,
  findCommand,
  installPackages,
  missingPackages,
  SetupError,
} from '@wakefield/local-stack';
import { browserPackage, findBrowser } from './find-browser.ts';
import { setupKeycloak } from './setup-keycloak.ts';
import { command, root } from './spawn.ts';

const withoutBrowser = '--without-browser';
const given = process.argv.slice(2);

try {
  if (!given.includes(withoutBrowser)) {
    await installPackages(missingTools(), (line) => console.log(line)).catch(() => undefined);
    process.env.WAKEFIELD_TEST_CHROMIUM = checkBrowser();
    for (const name of ['curl', 'jq']) checkThere(name);
  }
  process.env.WAKEFIELD_TEST_KEYCLOAK = setupKeycloak();
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
        ...given.filter((argument) => argument !== withoutBrowser),
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

/** Packages of Debian for what is missing; where they cannot be had, what is missing is told below. */
function missingTools(): readonly string[] {
  const tools = ['curl', 'jq'].filter((name) => findCommand(name) === null);
  return findBrowser() === null ? [...tools, browserPackage] : tools;
}

/** @throws SetupError where there is none: the script of the page of the API is tried by nothing else */
function checkBrowser(): string {
  const path = findBrowser();
  if (path !== null) return path;
  throw new SetupError(
    `The page of the API is tried in Chromium, and there is none here. Debian: apt-get install chromium. Or leave that out: npm run test:oidc -- ${withoutBrowser}`,
  );
}

/** @throws SetupError where it is missing: the script of docs/auth.md needs it */
function checkThere(name: string): void {
  if (findCommand(name) !== null) return;
  throw new SetupError(
    `The device flow of docs/auth.md is tried with ${name}, which is not here. Debian: apt-get install ${name}. Or leave that out: npm run test:oidc -- ${withoutBrowser}`,
  );
}
