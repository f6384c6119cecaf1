import { describe, expect, it } from '@jest/globals';
import { spreadOf, summarise } from './figures.ts';

describe('figures', () => {
  it('spread over rounds', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  });

  const of = (rounds: Parameters<typeof summarise>[0], candidate: string) =>
    summarise(rounds, 'plain').find((one) => one.candidate === candidate);

  it('are compared within a round, times by difference and the rest by ratio', () => {
    const rounds = [
      {
        plain: { 'first byte p50 µs': 2, 'CPU µs/request': 10 },
        ours: { 'first byte p50 µs': 4, 'CPU µs/request': 15 },
      },
      {
        plain: { 'first byte p50 µs': 20, 'CPU µs/request': 20 },
        ours: { 'first byte p50 µs': 30, 'CPU µs/request': 40 },
      },
    ];
    const [time, cpu] = summarise(rounds, 'plain').filter(({ candidate }) => candidate === 'ours');
    expect(time).toMatchObject({ added: { min: 2, median: 6, max: 10 } });
    expect(time).not.toHaveProperty('ratio');
    expect(cpu).toMatchObject({ ratio: { min: 1.5, median: 1.75, max: 2 } });
    expect(cpu).not.toHaveProperty('added');
  });

  it('stand alone where there is nothing to compare with, or nothing to be learned of it', () => {
    expect(of([{ ours: { mib: 3 } }], 'ours')).toEqual({
      ...{ candidate: 'ours', figure: 'mib', value: { min: 3, median: 3, max: 3 } },
    });
    const busy = [{ plain: { 'load busy %': 50 }, ours: { 'load busy %': 20 } }];
    expect(of(busy, 'ours')).not.toHaveProperty('ratio');
  });

  it('are those of the rounds that a candidate was in', () => {
    const rounds = [{ plain: { cpu: 1 }, ours: { cpu: 3 } }, { plain: { cpu: 1 } }];
    expect(of(rounds, 'ours')).toMatchObject({ value: { min: 3, max: 3 }, ratio: { median: 3 } });
  });
});
