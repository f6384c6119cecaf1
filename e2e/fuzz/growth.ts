/** Code is compiled and pools are filled in those. */
const warmUpShares = 2;
const slack = 1.25;
const slackBytes = 8 * 1024 * 1024;

/**
 * @param heaps bytes after each share of a process, in their order
 * @returns how much it has grown, in words; null: not more than comes of itself
 */
export function growthOf(heaps: readonly number[]): string | null {
  const [first] = heaps.slice(warmUpShares);
  const last = heaps.at(-1);
  if (first === undefined || last === undefined || last <= first * slack + slackBytes) return null;
  const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
  return `a process has grown from ${mib(first)} to ${mib(last)} MiB`;
}
