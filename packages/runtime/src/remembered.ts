/** So many are new before the ones before them are forgotten: texts come from outside, and whoever sends others each time is to cost time alone. */
const mostPerGeneration = 250;

/**
 * The same function, asked once for each text that comes often enough. What throws is asked again. What was not asked for
 * while as many others came as there may be is forgotten: what one client made up does not keep out for ever what others send.
 */
export function remembered<T>(of: (text: string) => T): (text: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  const keep = (text: string, found: T): void => {
    if (young.size >= mostPerGeneration) {
      old = young;
      young = new Map();
    }
    young.set(text, found);
  };
  return (text) => {
    const there = young.get(text);
    if (there !== undefined || young.has(text)) return there as T;
    const own = copyOf(text);
    const found = old.has(own) ? (old.get(own) as T) : of(own);
    keep(own, found);
    return found;
  };
}

/** A text may be a slice of a larger one, all of which would stay in memory with it. */
function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
