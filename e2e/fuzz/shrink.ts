import type { Case } from './cases.ts';

/**
 * Makes a failing case smaller as long as it fails.
 * @param mostTries each is a case on both ways
 */
export async function shrink(
  failing: Case,
  fails: (one: Case) => Promise<boolean>,
  mostTries = 400,
  mostMs = 60_000,
): Promise<Case> {
  let least = failing;
  let tries = 0;
  const deadline = performance.now() + mostMs;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const smaller of smallerThan(least)) {
      if (tries >= mostTries || performance.now() > deadline) return least;
      tries += 1;
      if (!(await fails(smaller))) continue;
      least = smaller;
      shrunk = true;
      break;
    }
  }
  return least;
}

/** Without a turn, with a turn in one packet, and without a part of a packet: large parts first. */
function* smallerThan({ turns }: Case): Generator<Case> {
  if (turns.length > 1) for (const at of turns.keys()) yield { turns: turns.toSpliced(at, 1) };
  for (const [at, packets] of turns.entries())
    if (packets.length > 1) yield { turns: turns.with(at, [packets.join('')]) };
  const longest = Math.max(0, ...turns.flat().map(({ length }) => length));
  for (let size = Math.floor(longest / 2); size >= 1; size = Math.floor(size / 2))
    for (const [at, packets] of turns.entries())
      for (const less of withoutPart(packets, size)) yield { turns: turns.with(at, less) };
}

/** One packet each time without so many of its bytes. */
function* withoutPart(packets: readonly string[], size: number): Generator<readonly string[]> {
  for (const [index, packet] of packets.entries())
    for (let from = 0; from < packet.length; from += size) {
      const rest = packet.slice(0, from) + packet.slice(from + size);
      if (rest !== '') yield packets.with(index, rest);
    }
}
