import { percentile } from '../percentile.ts';
import type { Round } from './measure.ts';

/** All rounds with one release of HEAppE. */
export interface VersionReport {
  readonly version: string;
  readonly rounds: readonly Round[];
}

const figures: readonly (readonly [string, (round: Round) => number])[] = [
  ['plain answer of one token, ms (p50)', ({ plainMs }) => plainMs],
  ['the same, ms (p95)', ({ plainP95Ms }) => plainP95Ms],
  ['first bytes of a stream, ms (p50)', ({ firstMs }) => firstMs],
  ['each token of a stream, ms', ({ tokenMs }) => tokenMs],
  ['CPU of client and bridge for each request, µs', ({ requestCpu }) => requestCpu],
  ['CPU of client and bridge for each token, µs', ({ tokenCpu }) => tokenCpu],
];

/** Medians over the rounds, and what the bridge adds to the call that it makes. */
export function markdownOf(reports: readonly VersionReport[], quick: boolean): string {
  const lines = quick ? ['**A quick run: these figures mean nothing.**', ''] : [];
  for (const { version, rounds } of reports) {
    lines.push(
      `| HEAppE ${version} | direct | the bare call | bridge | bridge adds |`,
      '| --- | ---: | ---: | ---: | ---: |',
    );
    for (const [name, value] of figures) {
      const of = (target: string) =>
        percentile(rounds.filter((round) => round.target === target).map(value), 0.5);
      const values = [of('direct'), of('HEAppE'), of('bridge'), of('bridge') - of('HEAppE')];
      lines.push(`| ${name} | ${values.map(rounded).join(' | ')} |`);
    }
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

function rounded(value: number): string {
  return Math.abs(value) >= 10 ? value.toFixed(0) : value.toFixed(3);
}
