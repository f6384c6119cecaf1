import { readFileSync } from 'node:fs';

/**
 * Requests of a file, one behind the other, without end.
 * @param inTurn after the last comes the first; else any of them comes
 */
export function requestsOf(file: string, inTurn: boolean): () => Buffer {
  const bytes = readFileSync(file);
  const all: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    const length = /content-length: (\d+)/.exec(bytes.toString('latin1', at, end))?.[1] ?? '0';
    const next = end + 4 + Number(length);
    all.push(bytes.subarray(at, next));
    at = next;
  }
  let turn = 0;
  return () => {
    const request = all[inTurn ? turn : Math.floor(Math.random() * all.length)];
    if (request === undefined) throw new Error(`${file} has no request`);
    turn = (turn + 1) % all.length;
    return request;
  };
}
