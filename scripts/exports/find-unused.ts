import { posix } from 'node:path';
import { type ModuleFacts, readModule } from './read-module.ts';

/**
 * Exports that no other file takes, as `path:line name`. A package's index is a file like any other here: a value
 * that it passes on has to be taken by another package. Tests count as takers.
 * @param sources path from the root of the checkout → text
 */
export function findUnusedExports(sources: ReadonlyMap<string, string>): readonly string[] {
  const modules = new Map([...sources].map(([path, text]) => [path, readModule(path, text)]));
  const used = new Set<string>();
  for (const [path, { imports }] of modules) {
    for (const { from, name, passedOnAs } of imports) {
      if (passedOnAs === null) use(modules, used, resolve(path, from), name);
    }
  }
  return [...modules].flatMap(([path, { exports }]) =>
    [...exports]
      .filter(([name]) => !used.has(`${path}#${name}`) && !used.has(`${path}#*`))
      .map(([name, line]) => `${path}:${line} ${name}`),
  );
}

/** Marks an export as used, and the one that it passes on. */
function use(
  modules: ReadonlyMap<string, ModuleFacts>,
  used: Set<string>,
  path: string | null,
  name: string,
): void {
  const module = path === null ? undefined : modules.get(path);
  if (module === undefined || used.has(`${path}#${name}`)) return;
  used.add(`${path}#${name}`);
  for (const { from, name: source, passedOnAs } of module.imports) {
    if (passedOnAs === name || (name === '*' && passedOnAs !== null)) {
      use(modules, used, resolve(path ?? '', from), source);
    }
  }
}

/** @returns null for packages of others */
function resolve(importer: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(importer), specifier);
  const [, name, door = 'index'] = /^@wakefield\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  return name === undefined ? null : `packages/${name}/src/${door}.ts`;
}
