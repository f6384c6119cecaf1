import type { MetricSeries } from '@wakefield/control';

/**
 * Value of the first of the candidates that a Prometheus text page has; all its matching series summed (data
 * parallel engines have one each). null when the page has none of them.
 */
export function readMetric(page: string, candidates: readonly MetricSeries[]): number | null {
  for (const { name, labels } of candidates) {
    const values = page
      .split('\n')
      .filter((line) => line.startsWith(name))
      .map(parseSample)
      .filter((sample) => sample?.name === name && matches(sample.labels, labels))
      .map((sample) => sample?.value ?? Number.NaN)
      .filter(Number.isFinite);
    if (values.length > 0) return values.reduce((sum, value) => sum + value, 0);
  }
  return null;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/;
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;
const escapes: Readonly<Record<string, string>> = { n: '\n' };

/** One line of the text format (prometheus.io/docs/instrumenting/exposition_formats). */
function parseSample(line: string): Sample | null {
  const [, name, labels = '', value] = sampleLine.exec(line) ?? [];
  if (name === undefined || value === undefined) return null;
  const pairs = [...labels.matchAll(labelPair)].map(
    ([, label = '', text = '']) =>
      [label, text.replaceAll(/\\(.)/g, (_, c: string) => escapes[c] ?? c)] as const,
  );
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

function matches(has: Sample['labels'], wanted: Sample['labels']): boolean {
  return Object.entries(wanted).every(([label, value]) => has[label] === value);
}
