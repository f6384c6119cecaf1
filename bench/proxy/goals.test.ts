import { describe, expect, it } from '@jest/globals';
import type { Summary } from './figures.ts';
import { judge } from './goals.ts';
import type { Report, ScenarioReport } from './report.ts';

const spread = (median: number) => ({ min: median, median, max: median });

function report(
  ...scenarios: readonly (Partial<ScenarioReport> & { name: string; results: readonly Summary[] })[]
): Report {
  const usual = { about: '', rounds: 1, baseline: 'nginx', failures: [] };
  return {
    version: 2,
    at: '2026-11-22T00:00:00.000Z',
    machine: {
      cores: 2,
      model: '',
      system: '',
      arch: '',
      pinned: true,
      busyBefore: 0,
      busyAfter: 0,
    },
    versions: {},
    generator: { kind: 'C', reason: null },
    ...{ quick: false, rounds: 1, seconds: 1, absent: [] },
    scenarios: scenarios.map((one) => ({ ...usual, ...one })),
  };
}

const cpu = (candidate: string, value: number, ratio?: number): Summary => ({
  ...{ candidate, figure: 'CPU µs/request', value: spread(value) },
  ...(ratio === undefined ? {} : { ratio: spread(ratio) }),
});

describe('goals', () => {
  it.each([
    [2.1, true],
    [2.3, false],
  ])('a ratio to nginx of %d', (ratio, met) => {
    const results = [cpu('nginx', 10, 1), cpu('wakefield', 21, ratio)];
    expect(judge(report({ name: 'answers, 2 KB', results }))).toMatchObject([
      { met, measured: `${ratio.toFixed(2)} ×` },
    ]);
  });

  it('are not judged against anything but nginx', () => {
    const results = [cpu('node:http', 10, 1), cpu('wakefield', 21, 0.5)];
    expect(judge(report({ name: 'answers, 2 KB', baseline: 'node:http', results }))).toEqual([]);
  });

  it('of growth are about the largest', () => {
    const results = [cpu('wakefield, 10 models', 10, 1), cpu('wakefield, 10000 models', 13, 1.3)];
    const scenario = { name: 'growth, models', baseline: 'wakefield, 10 models', results };
    expect(judge(report(scenario))).toMatchObject([{ met: false, measured: '1.30 ×' }]);
  });

  it('against peers are there where the peers are', () => {
    const results = [cpu('nginx', 10, 1), cpu('wakefield', 20, 2), cpu('vllm-router', 27, 2.7)];
    expect(judge(report({ name: 'answers, 2 KB', results })).at(-1)).toEqual({
      ...{
        goal: 'CPU per 2 KB request: below vllm-router',
        measured: '20.0 µs beside 27.0 µs',
        met: true,
      },
    });
  });
});
