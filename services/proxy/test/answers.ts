/** The first answer in these bytes (of latin1). */
export interface ReadAnswer {
  readonly status: number;
  readonly head: string;
  /** Without its framing. */
  readonly body: string;
  /** What is behind it. */
  readonly rest: string;
}

/** @returns null while it is not complete. Answers to HEAD are not understood here */
export function readAnswer(text: string): ReadAnswer | null {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = text.slice(0, end);
  const behind = text.slice(end + 4);
  const status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
  if (status < 200 || status === 204 || status === 304) {
    return { status, head, body: '', rest: behind };
  }
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) return readChunks(status, head, behind);
  if (behind.length < Number(length)) return null;
  const body = behind.slice(0, Number(length));
  return { status, head, body, rest: behind.slice(body.length) };
}

function readChunks(status: number, head: string, behind: string): ReadAnswer | null {
  let body = '';
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/.exec(behind.slice(at, at + 20));
    if (line === null) return null;
    const size = Number.parseInt(line[1] ?? '', 16);
    const start = at + line[0].length;
    if (behind.length < start + size + 2) return null;
    body += behind.slice(start, start + size);
    at = start + size + 2;
    if (size === 0) return { status, head, body, rest: behind.slice(at) };
  }
}

/** How many answers are complete in these bytes; interim ones do not count. */
export function countAnswers(text: string): number {
  let count = 0;
  for (let answer = readAnswer(text); answer !== null; answer = readAnswer(answer.rest)) {
    if (answer.status >= 200) count += 1;
  }
  return count;
}
