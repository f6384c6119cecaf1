/** Instead of a place in bytes: they end before that could be told; this is not what it has to be. */
export const short = -1;
const strange = -2;

/** What clients write in a target that needs no thought: no percent-encoding, no fragment, no second meaning. */
const inTarget = bytesOf(/[A-Za-z0-9._~/?=&-]/);
/** RFC 9110 §5.6.2 allows more in a name. Nobody uses it, and some take an underscore for a dash. */
const inName = bytesOf(/[A-Za-z0-9-]/);
/** No controls, of which some end lines for some readers, and nothing that is not ASCII. */
const inValue = bytesOf(/[ -~]/);

const space = 0x20;
const colon = 0x3a;

/** @returns the place behind this text, which has to be here */
export function behind(bytes: Buffer, from: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    const byte = bytes[from + index];
    if (byte === undefined) return short;
    if (byte !== text.charCodeAt(index)) return strange;
  }
  return from + text.length;
}

/** @returns the place behind the target that begins here, in the first line of a head */
export function behindTarget(bytes: Buffer, from: number): number {
  let at = from;
  while (inTarget[bytes[at] ?? 0] === 1) at += 1;
  return at;
}

/**
 * Reads a header: `name: value`, with one blank or none behind the colon, and no other one around either.
 * @param places where its name and its value begin and end is left there
 * @returns where the next line begins
 */
export function readLine(bytes: Buffer, from: number, places: Int32Array, index: number): number {
  let at = from;
  while (inName[bytes[at] ?? 0] === 1) at += 1;
  if (bytes[at] === undefined) return short;
  if (bytes[at] !== colon || at === from) return strange;
  places[index] = from;
  places[index + 1] = at;
  at += bytes[at + 1] === space ? 2 : 1;
  places[index + 2] = at;
  const end = behindValue(bytes, at);
  places[index + 3] = end;
  return end < 0 ? end : behind(bytes, end, '\r\n');
}

function behindValue(bytes: Buffer, from: number): number {
  let at = from;
  while (inValue[bytes[at] ?? 0] === 1) at += 1;
  if (bytes[at] === undefined) return short;
  const isBare = at === from || (bytes[from] !== space && bytes[at - 1] !== space);
  return isBare ? at : strange;
}

function bytesOf(allowed: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    allowed.test(String.fromCharCode(byte)) ? 1 : 0,
  );
}
