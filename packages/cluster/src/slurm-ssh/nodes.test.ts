import { describe, expect, test } from '@jest/globals';
import type { ClusterJob } from '@wakefield/domain';
import { onNode, parseNodes } from './nodes.ts';

describe('states of nodes', () => {
  test.each([
    ['idle', false],
    ['mixed', false],
    ['allocated', false],
    ['allocated*', false],
    ['mixed@', false],
    ['maint', false],
    ['reserved', false],
    ['planned', false],
    ['down', false],
    ['draining', true],
    ['drained', true],
    ['drained*', true],
    ['draining@', true],
    ['failing', true],
  ])('%s: leaving %s', (state, leaving) => {
    expect(parseNodes(`cn01|${state}\n`)).toEqual(new Map([['cn01', leaving]]));
  });

  test('a line for each partition, and lines that say nothing', () => {
    const text = 'cn01|draining\ncn01|draining\n\ncn02|mixed\ncn03\n|idle\n';
    expect([...parseNodes(text)]).toEqual([
      ['cn01', true],
      ['cn02', false],
    ]);
    expect(parseNodes('').size).toBe(0);
  });
});

describe('a job', () => {
  const job: ClusterJob = {
    clusterJobId: '1',
    name: 'wf-main-a-1',
    state: 'running',
    reason: null,
    node: 'cn01',
    submittedAt: null,
    forecastAt: null,
    startedAt: null,
    endsAt: null,
    nodeLeaving: null,
  };
  const nodes = new Map([
    ['cn01', true],
    ['cn02', false],
  ]);

  test.each<[string, Partial<ClusterJob>, boolean | null]>([
    ['is told of its node', {}, true],
    ['is told that its node stays', { node: 'cn02' }, false],
    ['knows nothing of a node that was not asked for', { node: 'cn09' }, null],
    ['is not concerned while it waits', { state: 'pending', node: null }, null],
    ['is not concerned once it is over', { state: 'completing' }, null],
  ])('%s', (_name, over, leaving) => {
    expect(onNode({ ...job, ...over }, nodes).nodeLeaving).toBe(leaving);
  });
});
