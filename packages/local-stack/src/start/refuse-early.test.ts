import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SetupError } from '../setup-error.ts';
import { writeClusters } from './clusters-file.ts';
import { type DataPaths, openDataDirectory } from './data-directory.ts';
import { refuseEarly } from './refuse-early.ts';

let directory: string;
let paths: DataPaths;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wakefield-start-'));
  paths = openDataDirectory(join(directory, 'data'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('refuseEarly', () => {
  const options = () => ({
    host: '127.0.0.1',
    port: 1,
    dataDirectory: paths.root,
    clustersFile: null,
    recipes: null,
    authFile: null,
    limitsFile: null,
  });

  test.each([
    ['what is no YAML', 'clusters: [\n', /clusters\.yaml:2: /],
    [
      'a mistyped key',
      'clusters: { local: { kind: local, directory: d, slot: 3 } }\n',
      /clusters\.yaml:1: clusters\.local\.slot: unknown key; did you mean slots\?/,
    ],
  ])('tells %s with its place in the file that the user wrote', async (_, text, words) => {
    writeFileSync(paths.clusters, text);
    const refusal = refuseEarly(options());
    await expect(refusal).rejects.toBeInstanceOf(SetupError);
    await expect(refusal).rejects.toThrow(words);
    await expect(refusal).rejects.toThrow(paths.clusters);
    expect(existsSync(paths.clustersInUse)).toBe(false);
  });

  test('tells mistakes in recipes with their places, and of a folder that is not there', async () => {
    const recipe = join(directory, 'ours/tools/x/recipe.yaml');
    mkdirSync(join(recipe, '..'), { recursive: true });
    writeFileSync(recipe, 'name: x\ndescripton: y\n');
    const gone = join(directory, 'gone');
    const refusal = refuseEarly({ ...options(), recipes: `${join(directory, 'ours')},${gone}` });
    await expect(refusal).rejects.toBeInstanceOf(SetupError);
    await expect(refusal).rejects.toThrow(
      `${recipe}:2: descripton: unknown key; did you mean description?`,
    );
    await expect(refusal).rejects.toThrow(`\n  ${gone}: cannot be read: ENOENT`);
  });

  test('tells a mistake in auth.yaml with its place', async () => {
    const authFile = join(directory, 'auth.yaml');
    writeFileSync(authFile, 'staticKey: {}\nissuer: []\n');
    const refusal = refuseEarly({ ...options(), authFile });
    await expect(refusal).rejects.toBeInstanceOf(SetupError);
    await expect(refusal).rejects.toThrow(`${authFile}:2: issuer: unknown key`);
  });

  test('tells a mistake in limits.yaml with its place', async () => {
    const limitsFile = join(directory, 'limits.yaml');
    writeFileSync(limitsFile, 'burst: 30s\nqueues: {}\n');
    const refusal = refuseEarly({ ...options(), limitsFile });
    await expect(refusal).rejects.toBeInstanceOf(SetupError);
    await expect(refusal).rejects.toThrow(
      `${limitsFile}:2: queues: unknown key; did you mean queue?`,
    );
  });

  test('lets a good file pass, and none at all', async () => {
    await refuseEarly(options());
    writeClusters(paths, { node: '/node', simulator: '/sim.ts', vllm: null }, []);
    await refuseEarly(options());
  });

  test('makes no directory for a start that cannot be', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const dataDirectory = join(directory, 'never');
    try {
      await expect(refuseEarly({ ...options(), port, dataDirectory })).rejects.toThrow(
        `127.0.0.1:${port} is in use. Choose another port`,
      );
    } finally {
      server.close();
    }
    expect(existsSync(dataDirectory)).toBe(false);
  });
});
