import { readdirSync, readFileSync } from 'node:fs';

/** Descendants of a process that are called so, over any number of generations of that name. */
export function namedDescendants(root: number, name: string): readonly number[] {
  const candidates = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => readStat(pid))
    .filter((entry) => entry !== null)
    .filter((entry) => entry.command.startsWith(name));
  const found = new Set([root]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const entry of candidates) if (found.has(entry.parent)) found.add(entry.pid);
  }
  found.delete(root);
  return [...found];
}

/** Name and parent; the name in field 2 may hold spaces and parentheses (proc(5)). */
function readStat(pid: string): { pid: number; parent: number; command: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const close = stat.lastIndexOf(')');
    const command = stat.slice(stat.indexOf('(') + 1, close);
    return { pid: Number(pid), parent: Number(stat.slice(close + 2).split(' ')[1]), command };
  } catch {
    return null;
  }
}
