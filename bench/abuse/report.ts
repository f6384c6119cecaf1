import type { AbuseReport, Outcome } from './measure.ts';
import type { Range } from './processes/attacker.ts';

/** The table for people. */
export function markdownOf(report: AbuseReport): string {
  const { at, machine, patience, most, perSecond, outcomes, wakefield } = report;
  const settings = Object.entries(patience).map(([name, value]) => `${name}=${value}`);
  const lines = [
    `${at.slice(0, 10)}, wakefield ${wakefield}, ${machine.model}, ${machine.cores} cores, ${machine.system} ${machine.arch}, loopback;`,
    `load of the machine ${machine.busyBefore.toFixed(1)} before. ${settings.join(' ')}; up to ${most} connections, as the limit of open files allows.`,
    `Beside each abuse ${perSecond} honest requests/s; what they wait for their first byte, alone and beside it.`,
    '',
    row([
      ...['abuse', 'bounded by', 'connections', 'told', 'after, s', 'all gone after, s'],
      ...['still held', 'KB each', 'MiB kept', 'CPU s', 'honest p50, ms', 'honest p99, ms'],
    ]),
    row(['---', '---', '--:', '---', ...Array.from({ length: 8 }, () => '--:')]),
    ...outcomes.map((one) => row(cellsOf(one))),
  ];
  return `${lines.join('\n')}\n`;
}

function cellsOf(outcome: Outcome): readonly string[] {
  const { name, bound, standing, held, goneAfterS, memory, cpuSeconds, alone, beside } = outcome;
  const { connections } = outcome;
  const { opened } = standing;
  return [
    name,
    `\`${bound}\``,
    opened === connections ? `${opened}` : `${opened} of ${connections}`,
    answersOf(outcome),
    rangeText(standing.answeredAfter),
    goneAfterS === null ? '–' : goneAfterS.toFixed(1),
    Number.isNaN(held) ? '–' : `${held}`,
    (memory.during / 1024 / Math.max(1, opened)).toFixed(1),
    (memory.after / 1024 / 1024).toFixed(0),
    cpuSeconds.toFixed(1),
    `${ms(alone.p50)} → ${beside === null ? 'failed' : ms(beside.p50)}`,
    `${ms(alone.p99)} → ${beside === null ? 'failed' : ms(beside.p99)}`,
  ];
}

/** How long it took until all were gone, and whether that was in time. */
export function endOf({ held, goneAfterS, overAfterS }: Outcome): string {
  if (goneAfterS === null) return `${held} are still held`;
  const late = goneAfterS - overAfterS;
  return `all gone after ${goneAfterS.toFixed(1)} s${late > 0 ? `, ${late.toFixed(1)} s late` : ''}`;
}

/** `408 (2000)`; what was ended without a word: `closed (20)` */
export function answersOf({ standing: { statuses, silent } }: Pick<Outcome, 'standing'>): string {
  const counts = [
    ...Object.entries(statuses),
    ...(silent > 0 ? [['closed', silent] as const] : []),
  ];
  if (counts.length === 0) return '–';
  return counts.map(([status, count]) => `${status} (${count})`).join(', ');
}

function rangeText(range: Range | null): string {
  if (range === null) return '–';
  const [least, most] = [range.least, range.most].map((time) => (time / 1000).toFixed(1));
  return least === most ? `${least}` : `${least}–${most}`;
}

function ms(micros: number): string {
  return (micros / 1000).toFixed(1);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
