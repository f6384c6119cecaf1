import { describe, expect, test } from '@jest/globals';
import { enginesToHit } from './processes.ts';
import { modelOf, situations } from './situations.ts';

const engine = (pid: number, model: string) => ({
  pid,
  command: `node /run/simulator/main.ts --port=1 --model=${model} --model=__job_wf-${pid}`,
});
const models = situations.map(({ model }) => model);
const waking = modelOf('wake');
const idle = modelOf('going idle');

describe('which engines are hit', () => {
  test('the oldest of every model, and nothing else', () => {
    const all = models.flatMap((model, index) => [
      engine(20 + index, model),
      engine(10 + index, model),
    ]);
    const processes = [...all, { pid: 1, command: `node main.ts --model=${idle} ` }];
    expect(enginesToHit(processes, [...models, 'faults/managed'])).toEqual([
      10, 11, 12, 13, 14, 15,
    ]);
  });

  test('that of the model that wakes is waited for', () => {
    const others = models
      .filter((model) => model !== waking)
      .map((model, index) => engine(10 + index, model));
    expect(enginesToHit(others, models)).toBeNull();
    expect(enginesToHit([...others, engine(90, waking)], models)).toContain(90);
  });

  test('who has fallen asleep meanwhile is left out', () => {
    const others = models
      .filter((model) => model !== idle)
      .map((model, index) => engine(10 + index, model));
    expect(enginesToHit(others, models)).toEqual([10, 11, 12, 13, 14]);
  });

  test('in a soak those of its own models, as soon as there is one', () => {
    expect(enginesToHit([], ['soak/a', 'soak/b'])).toBeNull();
    expect(enginesToHit([engine(7, 'soak/b')], ['soak/a', 'soak/b'])).toEqual([7]);
  });
});
