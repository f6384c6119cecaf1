const blankLine = Buffer.from('\n\n');
const blankLineCr = Buffer.from('\n\r\n');

/** Where the first event that begins at `from` ends, behind its blank line (HTML Living Standard §9.2.6); -1: not here. */
export function endOfEvent(bytes: Buffer, from: number): number {
  const plain = bytes.indexOf(blankLine, from);
  const withCr = bytes.indexOf(blankLineCr, from);
  if (withCr === -1) return plain === -1 ? -1 : plain + blankLine.length;
  return plain !== -1 && plain < withCr ? plain + blankLine.length : withCr + blankLineCr.length;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Where the last whole event ends; 0: there is none. */
export function endOfEvents(bytes: Buffer): number {
  // As most pieces of a stream do. A search for an end that is not there goes through all of it.
  if (endsWithBlankLine(bytes)) return bytes.length;
  const plain = bytes.lastIndexOf(blankLine);
  const withCr = bytes.lastIndexOf(blankLineCr);
  return Math.max(
    plain === -1 ? 0 : plain + blankLine.length,
    withCr === -1 ? 0 : withCr + blankLineCr.length,
  );
}

function endsWithBlankLine(bytes: Buffer): boolean {
  const { length } = bytes;
  if (length < 2 || bytes[length - 1] !== lineFeed) return false;
  const before = bytes[length - 2];
  return before === lineFeed || (before === carriageReturn && bytes[length - 3] === lineFeed);
}
