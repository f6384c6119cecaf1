/** So many are kept: texts come from outside, and whoever sends others each time is to cost time alone. */
const mostKept = 500;

/** The same function, asked once for each text. What throws is asked again. */
export function remembered<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const there = known.get(text);
    if (there !== undefined || known.has(text)) return there as T;
    const found = of(text);
    if (known.size < mostKept) known.set(copyOf(text), found);
    return found;
  };
}

/** A text may be a slice of a larger one, all of which would stay in memory with it. */
function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
