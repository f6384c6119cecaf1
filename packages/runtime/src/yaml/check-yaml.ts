import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Problem, problemsOf } from './problems.ts';

/** A file as its schema has it, or what is wrong with it: one line each, with file, line and path. */
export type CheckedYaml<T> =
  | { readonly data: T; readonly problems: null }
  | { readonly problems: readonly string[] };

/** @param path for messages only */
export function checkYaml<S extends z.ZodType>(
  schema: S,
  text: string,
  path: string,
): CheckedYaml<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      (error) => `${path}:${lines.linePos(error.pos[0]).line}: ${yamlWords(error.message)}`,
    );
    return { problems };
  }
  // An empty file is one in which nothing is said.
  const data: unknown = document.toJS() ?? {};
  const parsed = schema.safeParse(data);
  if (parsed.success) return { data: parsed.data, problems: null };
  const problems = problemsOf(schema, data, parsed.error.issues);
  return { problems: problems.map((problem) => `${path}${describe(problem, document, lines)}`) };
}

function describe({ path, message }: Problem, document: Document, lines: LineCounter): string {
  const line = lineOf(path, document, lines);
  const where = path.map(String).join('.');
  return `${line === null ? '' : `:${line}`}: ${where === '' ? '' : `${where}: `}${message}`;
}

/** Line of the key, or of the nearest parent that the file has. */
function lineOf(
  path: readonly PropertyKey[],
  document: Document,
  lines: LineCounter,
): number | null {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const keyNode = isMap(parent)
      ? parent.items.find(({ key: node }) => isScalar(node) && String(node.value) === String(key))
          ?.key
      : document.getIn(path.slice(0, length), true);
    if (isNode(keyNode) && keyNode.range) return lines.linePos(keyNode.range[0]).line;
  }
  return null;
}

/** Without the place, which is said already, and without the picture of it. */
function yamlWords(text: string): string {
  return (text.split('\n')[0] ?? text).replace(/ at line \d+, column \d+:?$/, '');
}
