import type { Socket } from 'node:net';
import type { RankPlace } from './rank-place.ts';

/** What a rank says of itself when it comes to the head. */
interface Hello {
  readonly rank: number;
  readonly nodes: number;
  /** Name that only the ranks of one engine share. */
  readonly engine: string;
}

/** What the head tells the others: that all have come, that it ends, or why one may not be there. */
export const words = { go: 'go', done: 'done', refused: 'refused: ' } as const;

/** More than any line here has. */
const LINE_BYTES = 4096;

export const helloOf = ({ rank, nodes }: RankPlace, engine: string): string =>
  JSON.stringify({ rank, nodes, engine } satisfies Hello);

/**
 * The rank that has come, from its first line.
 * @param here ranks that have come before
 * @returns why it may not be here, where it may not
 */
export function admit(
  line: string,
  { nodes }: RankPlace,
  engine: string,
  here: { has(rank: number): boolean },
): number | string {
  const hello = read(line);
  if (hello === null) return 'this is the port where ranks of an engine meet';
  if (hello.engine !== engine) return `this is engine ${engine}, not ${hello.engine}`;
  if (hello.nodes !== nodes) return `there are ${nodes} ranks, not ${hello.nodes}`;
  if (hello.rank < 1 || hello.rank >= nodes)
    return `there is no rank ${hello.rank} beside the head`;
  return here.has(hello.rank) ? `rank ${hello.rank} has come already` : hello.rank;
}

function read(line: string): Hello | null {
  try {
    const { rank, nodes, engine } = JSON.parse(line) as Partial<Hello>;
    const isHello = Number.isInteger(rank) && Number.isInteger(nodes) && typeof engine === 'string';
    return isHello ? ({ rank, nodes, engine } as Hello) : null;
  } catch {
    return null;
  }
}

/** Calls back for every line; whoever sends more than a line may have is cut off. */
export function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (rest.length > LINE_BYTES) socket.destroy();
  });
}
