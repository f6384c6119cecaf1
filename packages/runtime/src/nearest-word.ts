import { closest, distance } from 'fastest-levenshtein';

/** The candidate that is most likely meant by a mistyped word, or null when none is near. */
export function nearestWord(word: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0) return null;
  const near = closest(word, candidates);
  return distance(word, near) <= Math.max(2, word.length / 4) ? near : null;
}
