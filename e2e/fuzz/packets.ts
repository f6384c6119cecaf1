import fc from 'fast-check';

/** Where a request that has this line is marked. */
export const host = 'host: x\r\n';

/** Parts of a text at which it may be cut. */
export const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });

/** What goes out in so many packets. */
export function cutAt(text: string, at: readonly number[]): readonly string[] {
  const sorted = [...new Set(at.map((place) => Math.floor(place * text.length)))].sort(
    (a, b) => a - b,
  );
  const packets = [0, ...sorted].map((from, index) => text.slice(from, sorted[index]));
  return packets.filter(Boolean);
}
