import type { EpochMs } from '@wakefield/domain';

/**
 * A moment as a cluster prints it, `2026-11-20T16:01:39`, in its own time zone unless it says another; null when it is
 * none.
 */
export function clusterTime(text: string, timeZone: string): EpochMs | null {
  if (/(Z|[+-]\d\d:?\d\d)$/.test(text)) return epoch(text);
  const asUtc = epoch(`${text}Z`);
  if (asUtc === null) return null;
  // The offset of a moment near it, then that of the moment itself: they differ only around a change of clocks.
  const near = asUtc - offsetAt(asUtc, timeZone);
  return asUtc - offsetAt(near, timeZone);
}

function epoch(text: string): EpochMs | null {
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** Milliseconds that clocks of the zone are ahead of UTC at that moment. */
function offsetAt(at: EpochMs, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d\d):(\d\d)$/.exec(name);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === '-' ? -minutes : minutes) * 60_000;
}
