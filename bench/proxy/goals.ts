import type { Goal } from '../goals.ts';
import type { Spread } from './figures.ts';
import type { Report } from './report.ts';
import { spreadText } from './table.ts';

type Kind = 'value' | 'ratio' | 'added';

interface Rule {
  readonly goal: string;
  /** Scenario, figure, and which of its numbers. */
  readonly of: readonly [scenario: string, figure: string, kind: Kind];
  /** Of whom; absent: of `wakefield`. `last`: of the last candidate of the scenario. */
  readonly candidate?: string;
  /** The median has to be this or less; a goal `atLeast` that or more. */
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit: string;
}

const own = 'wakefield';
const cpu = 'CPU µs/request';

const rules: readonly Rule[] = [
  ...['300 B', '2 KB', '100 KB'].map(
    (size): Rule => ({
      goal: `CPU per request, ${size} bodies: ≤ 2.2 × nginx`,
      of: [`answers, ${size}`, cpu, 'ratio'],
      atMost: 2.2,
      unit: '×',
    }),
  ),
  {
    goal: 'requests/s on one core: ≥ 25,000 where nginx makes 66,000 (0.38 ×)',
    of: ['answers, 2 KB', 'requests/s', 'ratio'],
    atLeast: 25 / 66,
    unit: '×',
  },
  ...['streams, no pause', 'streams, paced'].map(
    (scenario): Rule => ({
      goal: `CPU per stream (${scenario}): ≤ 1.3 × nginx`,
      of: [scenario, 'CPU µs/stream', 'ratio'],
      atMost: 1.3,
      unit: '×',
    }),
  ),
  {
    goal: 'first byte at 300 requests/s, p50: ≤ 0.15 ms over nginx',
    of: ['first byte, answers', 'first byte p50 µs', 'added'],
    atMost: 150,
    unit: 'µs',
  },
  {
    goal: 'first byte at 300 requests/s, p99: ≤ 1 ms over nginx',
    of: ['first byte, answers', 'first byte p99 µs', 'added'],
    atMost: 1000,
    unit: 'µs',
  },
  {
    goal: 'busy neighbour moves p99 by < 2 ms',
    of: ['busy neighbour', 'p99 moved by µs', 'value'],
    atMost: 2000,
    unit: 'µs',
  },
  {
    goal: 'open streams (10,000 by --streams 10000): ≤ 40 KB each',
    of: ['open streams', 'KB/stream', 'value'],
    atMost: 40,
    unit: 'KB',
  },
  {
    goal: 'open streams: no event > 50 ms late at p99',
    of: ['open streams', 'late p99 µs', 'value'],
    atMost: 50_000,
    unit: 'µs',
  },
  {
    goal: 'CPU per event, many streams over 10: flat (≤ 1.25 ×)',
    of: ['open streams', 'many over few', 'value'],
    atMost: 1.25,
    unit: '×',
  },
  {
    goal: 'open streams: memory flat over 30 minutes (--minutes 30; ≤ 1.1 × the first)',
    of: ['lasting streams', 'end over first minute', 'value'],
    atMost: 1.1,
    unit: '×',
  },
  ...['models', 'endpoints', 'callers'].map(
    (what): Rule => ({
      goal: `CPU per request, many ${what} over few: constant (≤ 1.1 ×)`,
      of: [`growth, ${what}`, cpu, 'ratio'],
      candidate: 'last',
      atMost: 1.1,
      unit: '×',
    }),
  ),
];

/** Goals against those who are in the report only with `--peers`. */
const behind = ['vllm-router', 'sglang-router'];

/** How a run stands to the goals. Those that it has no figures for are left out. */
export function judge(report: Report): readonly Goal[] {
  const nginx = report.scenarios.some(({ baseline }) => baseline === 'nginx');
  const against = rules.filter(({ of: [scenario, , kind] }) => {
    return kind === 'value' || scenario.startsWith('growth') || nginx;
  });
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
  { of: [scenario, figure, kind], candidate = own }: Pick<Rule, 'of' | 'candidate'>,
): Spread | undefined {
  const results = report.scenarios.find(({ name }) => name === scenario)?.results ?? [];
  const name = candidate === 'last' ? results.at(-1)?.candidate : candidate;
  return results.find((one) => one.candidate === name && one.figure === figure)?.[kind];
}

function below(report: Report, peer: string): readonly Goal[] {
  const of = ['answers, 2 KB', cpu, 'value'] as const;
  const [ours, theirs] = [find(report, { of }), find(report, { of, candidate: peer })];
  if (ours === undefined || theirs === undefined) return [];
  const measured = `${spreadText(ours)} µs beside ${spreadText(theirs)} µs`;
  const met = ours.median < theirs.median;
  return [{ goal: `CPU per 2 KB request: below ${peer}`, measured, met }];
}
