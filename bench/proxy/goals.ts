import type { Spread } from './figures.ts';
import type { Report } from './report.ts';
import { spreadText } from './table.ts';

/** One of the goals, and how this run stands to it. */
export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

type Kind = 'value' | 'ratio' | 'added';

interface Rule {
  readonly goal: string;
  readonly scenario: string;
  readonly figure: string;
  readonly kind: Kind;
  /** Of whom; absent: of `wakefield`. */
  readonly candidate?: string;
  /** The median has to be this or less; a goal `atLeast` that or more. */
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit: string;
}

const own = 'wakefield';
const cpu = 'CPU µs/request';
const milli = 1000;

const rules: readonly Rule[] = [
  ...['300 B', '2 KB', '100 KB'].map(
    (size): Rule => ({
      goal: `CPU per request, ${size} bodies: ≤ 2.2 × nginx`,
      ...{ scenario: `answers, ${size}`, figure: cpu, kind: 'ratio', atMost: 2.2, unit: '×' },
    }),
  ),
  {
    goal: 'requests/s on one core: ≥ 25,000 where nginx makes 66,000 (0.38 ×)',
    ...{
      scenario: 'answers, 2 KB',
      figure: 'requests/s',
      kind: 'ratio',
      atLeast: 25 / 66,
      unit: '×',
    },
  },
  ...['streams, no pause', 'streams, paced'].map(
    (scenario): Rule => ({
      goal: `CPU per stream (${scenario}): ≤ 1.3 × nginx`,
      ...{ scenario, figure: 'CPU µs/stream', kind: 'ratio', atMost: 1.3, unit: '×' },
    }),
  ),
  {
    goal: 'first byte at 300 requests/s, p50: ≤ 0.15 ms over nginx',
    ...{
      scenario: 'first byte, answers',
      figure: 'first byte p50 µs',
      kind: 'added',
      atMost: 150,
      unit: 'µs',
    },
  },
  {
    goal: 'first byte at 300 requests/s, p99: ≤ 1 ms over nginx',
    ...{
      scenario: 'first byte, answers',
      figure: 'first byte p99 µs',
      kind: 'added',
      atMost: milli,
      unit: 'µs',
    },
  },
  {
    goal: 'busy neighbour moves p99 by < 2 ms',
    ...{
      scenario: 'busy neighbour',
      figure: 'p99 moved by µs',
      kind: 'value',
      atMost: 2 * milli,
      unit: 'µs',
    },
  },
  {
    goal: 'open streams: ≤ 40 KB each',
    ...{ scenario: 'open streams', figure: 'KB/stream', kind: 'value', atMost: 40, unit: 'KB' },
  },
  {
    goal: 'open streams: no event > 50 ms late at p99',
    ...{
      scenario: 'open streams',
      figure: 'late p99 µs',
      kind: 'value',
      atMost: 50 * milli,
      unit: 'µs',
    },
  },
  {
    goal: 'CPU per event, many streams over 10: flat (≤ 1.25 ×)',
    ...{
      scenario: 'open streams',
      figure: 'many over few',
      kind: 'value',
      atMost: 1.25,
      unit: '×',
    },
  },
  ...['models', 'endpoints', 'callers'].map(
    (what): Rule => ({
      goal: `CPU per request, many ${what} over few: constant (≤ 1.1 ×)`,
      ...{
        scenario: `growth, ${what}`,
        figure: cpu,
        kind: 'ratio',
        atMost: 1.1,
        unit: '×',
        candidate: 'last',
      },
    }),
  ),
];

/** Goals against those who are in the report only with `--peers`. */
const behind = ['vllm-router', 'sglang-router'];

/** How a run stands to the goals. Those that it has no figures for are left out. */
export function judge(report: Report): readonly Goal[] {
  const nginx = report.scenarios.some(({ baseline }) => baseline === 'nginx');
  const against = rules.filter(
    ({ kind, scenario }) => kind === 'value' || scenario.startsWith('growth') || nginx,
  );
  return [
    ...against.flatMap((rule) => {
      const spread = find(report, rule);
      if (spread === undefined) return [];
      const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = rule;
      const met = spread.median <= atMost && spread.median >= atLeast;
      return [{ goal: rule.goal, measured: `${spreadText(spread)} ${rule.unit}`, met }];
    }),
    ...behind.flatMap((peer) => below(report, peer)),
  ];
}

function find(
  report: Report,
  { scenario, figure, kind, candidate = own }: Rule,
): Spread | undefined {
  const results = report.scenarios.find(({ name }) => name === scenario)?.results ?? [];
  const name = candidate === 'last' ? results.at(-1)?.candidate : candidate;
  return results.find((one) => one.candidate === name && one.figure === figure)?.[kind];
}

function below(report: Report, peer: string): readonly Goal[] {
  const rule = {
    scenario: 'answers, 2 KB',
    figure: cpu,
    kind: 'value',
    goal: '',
    unit: 'µs',
  } as const;
  const [ours, theirs] = [find(report, rule), find(report, { ...rule, candidate: peer })];
  if (ours === undefined || theirs === undefined) return [];
  const measured = `${spreadText(ours)} µs beside ${spreadText(theirs)} µs`;
  return [
    { goal: `CPU per 2 KB request: below ${peer}`, measured, met: ours.median < theirs.median },
  ];
}
