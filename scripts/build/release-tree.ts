import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a site runs; everything else in a release is there because one of these needs it. */
const services = ['services/api', 'services/proxy', 'services/scheduler'];
/** Read by pnpm, which installs exactly what the lock file says. */
const lockFiles = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Copies what runs, and nothing else, out of a built checkout: manifests, JavaScript, migrations, recipes. No
 * sources, no types, no source maps, no tests, no packages that only development needs.
 * @param target a directory that is empty or not there
 * @returns folders of the members in it
 * @throws Error when the target holds something, or a source has not been compiled
 */
export async function writeReleaseTree(root: string, target: string): Promise<readonly string[]> {
  if (existsSync(target) && (await readdir(target)).length > 0)
    throw new Error(`${target} is not empty`);
  const members = await closure(root, services);
  await mkdir(target, { recursive: true });
  for (const file of lockFiles) await cp(join(root, file), join(target, file));
  for (const member of members) await copyMember(join(root, member), join(target, member));
  await cp(join(root, 'recipes'), join(target, 'recipes'), { recursive: true });
  await cp(join(root, 'LICENSE'), join(target, 'LICENSE'));
  return members;
}

/** Workspace members that these ones need at run time, themselves included. */
async function closure(root: string, from: readonly string[]): Promise<readonly string[]> {
  const folders = await memberFolders(root);
  const found = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {} } = await readManifest(join(root, folder));
    for (const name of Object.keys(dependencies)) {
      const member = folders.get(name);
      if (member !== undefined) await visit(member);
    }
  };
  for (const folder of from) await visit(folder);
  return [...found].sort();
}

async function memberFolders(root: string): Promise<ReadonlyMap<string, string>> {
  const parents = ['packages', 'services'];
  const lists = await Promise.all(
    parents.map(async (parent) =>
      (await readdir(join(root, parent))).map((name) => `${parent}/${name}`),
    ),
  );
  const named = lists
    .flat()
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map(async (folder) => [(await readManifest(join(root, folder))).name, folder] as const);
  return new Map(await Promise.all(named));
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

async function copyMember(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(join(from, 'package.json'), join(to, 'package.json'));
  if (existsSync(join(from, 'migrations')))
    await cp(join(from, 'migrations'), join(to, 'migrations'), { recursive: true });
  for (const file of await compiledFiles(from)) {
    const text = await readFile(join(from, 'dist', file), 'utf8');
    await mkdir(dirname(join(to, 'dist', file)), { recursive: true });
    await writeFile(join(to, 'dist', file), text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  }
}

/** JavaScript whose source is still there: `dist` keeps what an earlier build left. */
async function compiledFiles(member: string): Promise<readonly string[]> {
  const files = await readdir(join(member, 'dist'), { recursive: true });
  return files.filter(
    (file) => file.endsWith('.js') && existsSync(join(member, 'src', file.replace(/js$/, 'ts'))),
  );
}
