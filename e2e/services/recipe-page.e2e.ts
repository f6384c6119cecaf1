import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';

const root = join(import.meta.dirname, '../..');
/** Where the page is read: its folders are put there, and npm finds its scripts in the checkout. */
let place: string;
let wakefield: Wakefield | undefined;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'recipe-page-'));
});
afterAll(async () => {
  await wakefield?.stop();
  await rm(place, { recursive: true });
}, 30_000);

/** The blocks of "Writing one in ten minutes", in their order. */
async function blocks(): Promise<readonly string[]> {
  const page = await readFile(join(root, 'docs/recipes.md'), 'utf8');
  const [, section = ''] = /^## Writing one in ten minutes$(.*?)^## /ms.exec(page) ?? [];
  return [...section.matchAll(/^```\w+\n(.+?)^```$/gms)].map(([, text = '']) => text);
}

/** Has a shell run lines of the page, as somebody would who stands in the checkout. */
async function shell(lines: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const there = lines
    .replaceAll('my-recipes', join(place, 'my-recipes'))
    .replaceAll('--to try', `--to ${join(place, 'try')}`);
  const options = { cwd: root, env: { ...process.env, ...env } };
  return (await promisify(execFile)('bash', ['-ec', there], options)).stdout;
}

test('the recipe of the page, by the words of the page', async () => {
  const [make = '', recipe = '', look = '', run = '', ...more] = await blocks();
  expect(more).toEqual([]);
  await shell(make);
  await writeFile(join(place, 'my-recipes/tools/files/recipe.yaml'), recipe);
  const said = await shell(look);
  expect(said).toMatch(/^✔ tools\/files +for services; tried with 3\.11 \(cpu\)$/m);

  // Without a cluster: "run the script whose path the last command prints".
  const script =
    said.match(/\S+$/gm)?.findLast((word) => word.startsWith(join(place, 'try'))) ?? '';
  // This one machine is enough for it to be reached from.
  await writeFile(script, (await readFile(script, 'utf8')).replaceAll('0.0.0.0', '127.0.0.1'));
  const job = spawn('bash', [script], { stdio: 'ignore' });
  const ended = once(job, 'exit');
  const file = (name: string) => readFile(join(dirname(script), name), 'utf8').catch(() => '');
  try {
    const listing = await eventually('it to answer', async () => {
      const { port } = JSON.parse((await file('endpoint.json')) || '{}');
      return fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.text(),
        () => null,
      );
    });
    expect(listing).toContain('Directory listing for /');
  } finally {
    job.kill('SIGUSR1');
  }
  await ended;
  expect(JSON.parse(await file('exit.json'))).toMatchObject({ cause: 'drained' });
  expect(await file('log')).toContain('wakefield: starting the engine on port');

  // As a service: the first line is how Wakefield is started, the others are sent to it.
  const [start = '', ...calls] = run.trim().split('\n');
  const [, folders = ''] = /^WAKEFIELD_RECIPES=(\S+) npm start$/.exec(start) ?? [];
  wakefield = await startWakefield({ env: { WAKEFIELD_RECIPES: join(place, folders) } });
  const { url: URL, key: KEY } = wakefield;
  expect(calls).toHaveLength(2);
  const service = JSON.parse(await shell(calls[0] ?? '', { URL, KEY }));
  expect(service).toMatchObject({ recipe_name: 'tools/files' });
  const path = `/api/v1/services/${service.id}`;
  await eventually(
    'its status to be running',
    async () => (await wakefield?.call('GET', `${path}/status`))?.body.status === 'running',
    60_000,
  );
  const page = await shell(calls[1] ?? '', { URL, KEY, ID: service.id });
  expect(page).toContain('Directory listing for /');
  await wakefield.call('DELETE', path);
}, 240_000);
