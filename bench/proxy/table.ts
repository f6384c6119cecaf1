import type { Spread, Summary } from './figures.ts';
import type { ScenarioReport } from './report.ts';

/** A scenario as a table: its titles first, then a row for each candidate. Figures that nobody has a ratio of go without. */
export function cellsOf({
  results,
  baseline,
}: Pick<ScenarioReport, 'results' | 'baseline'>): readonly (readonly string[])[] {
  const figures = [...new Set(results.map(({ figure }) => figure))];
  const candidates = [...new Set(results.map(({ candidate }) => candidate))];
  const columns = figures.flatMap((figure) => columnsOf(figure, results, baseline));
  const find = (candidate: string, figure: string): Summary | undefined =>
    results.find((one) => one.candidate === candidate && one.figure === figure);
  return [
    ['candidate', ...columns.map(({ title }) => title)],
    ...candidates.map((name) => [
      name,
      ...columns.map(({ figure, cell }) => cell(find(name, figure))),
    ]),
  ];
}

interface Column {
  readonly figure: string;
  readonly title: string;
  cell(summary: Summary | undefined): string;
}

function columnsOf(
  figure: string,
  results: readonly Summary[],
  baseline: string,
): readonly Column[] {
  const own = results.filter((one) => one.figure === figure);
  const columns: Column[] = [{ figure, title: figure, cell: (one) => spreadText(one?.value) }];
  if (own.some(({ ratio }) => ratio !== undefined))
    columns.push({ figure, title: `× ${baseline}`, cell: (one) => spreadText(one?.ratio) });
  if (own.some(({ added }) => added !== undefined))
    columns.push({ figure, title: `over ${baseline}`, cell: (one) => spreadText(one?.added) });
  return columns;
}

/** `1.43 (1.15–1.44)` */
export function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  const { median, min, max } = spread;
  if (min === max) return round(median);
  return `${round(median)} (${round(min)}–${round(max)})`;
}

function round(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
