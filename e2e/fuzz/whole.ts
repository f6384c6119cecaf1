/** One that nobody could read in another way (RFC 9112), but for its body. */
const headPattern =
  /([A-Z]+) [!-~]+ HTTP\/1\.([01])\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*)\r\n/y;
const chunkSize = /([0-9a-f]{1,6})\r\n/iy;

/**
 * How many requests these bytes (of latin1) are, each of them there to its last byte, so that each is to be answered.
 * @returns null where that is not for sure: what is odd may be the beginning of something. Nor are there answers to HEAD
 *   and CONNECT that could be counted
 */
export function wholeRequests(text: string): number | null {
  let count = 0;
  for (let at = 0; at < text.length; count += 1) {
    headPattern.lastIndex = at;
    const [head, method, minor, lines = ''] = headPattern.exec(text) ?? [];
    if (head === undefined || method === 'HEAD' || method === 'CONNECT') return null;
    const end = bodyEnd(text, at + head.length, lines, minor === '1');
    if (end === null || end > text.length) return null;
    at = end;
  }
  return count;
}

function bodyEnd(text: string, from: number, lines: string, mayChunk: boolean): number | null {
  const lengths = valuesOf(lines, 'content-length');
  const codings = valuesOf(lines, 'transfer-encoding');
  if (lengths.length + codings.length > 1) return null;
  const [[length], [coding]] = [lengths, codings];
  if (coding !== undefined) return mayChunk && coding === 'chunked' ? chunksEnd(text, from) : null;
  if (length === undefined) return from;
  return /^\d{1,9}$/.test(length) ? from + Number(length) : null;
}

function valuesOf(lines: string, name: string): readonly string[] {
  return lines.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return line.slice(0, colon).toLowerCase() === name ? [line.slice(colon + 1).trim()] : [];
  });
}

/** Without extensions and trailers: those are odd. */
function chunksEnd(text: string, from: number): number | null {
  for (let at = from; ; ) {
    chunkSize.lastIndex = at;
    const [line, digits = ''] = chunkSize.exec(text) ?? [];
    if (line === undefined) return null;
    const size = Number.parseInt(digits, 16);
    at += line.length + size + 2;
    if (text.slice(at - 2, at) !== '\r\n') return null;
    if (size === 0) return at;
  }
}
