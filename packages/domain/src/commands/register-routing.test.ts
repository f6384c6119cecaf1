import { describe, expect, test } from '@jest/globals';
import { commandContext, commandInput, model, project, spec } from '../../test/builders.ts';
import { decideCommand, defaultRouting, type Model, type Routing } from '../index.ts';

const clusters = project({ clusters: ['c1', 'c2'] });

function register(over: Partial<Routing>, before: Model | null = null, otherClusters = ['c2']) {
  const asked = spec({ routing: { ...defaultRouting, ...over }, otherClusters });
  const context = commandContext({ kind: 'register', spec: asked }, { model: before });
  return decideCommand({ ...context, project: clusters }, commandInput);
}

describe('the routing of a registration', () => {
  test.each<[string, Partial<Routing>]>([
    ['policy', { policy: 'prefix' }],
    ['header', { sessionHeader: 'x-chat' }],
    ['weight', { weights: { c1: 2, c2: 3 } }],
  ])('another %s is kept, and no job is outdated by it', (_name, over) => {
    const before = model({}, { otherClusters: ['c2'] });
    expect(register(over, before)).toMatchObject({
      outcome: { status: 'applied', created: false },
      model: { revision: 1, spec: { routing: over }, updatedAt: commandInput.now },
    });
  });

  test('the same again changes nothing but the generation', () => {
    const before = register({ weights: { c1: 2, c2: 3 } }).model;
    if (before === undefined) throw new Error('it was refused');
    const again = register({ weights: { c2: 3, c1: 2 } }, before);
    expect(again.model).toEqual({ ...before, generation: before.generation + 1 });
  });

  test('a weight for a cluster on which the model does not run is refused by name', () => {
    const { outcome, model: made } = register({ weights: { c1: 1, c2: 2 } }, null, []);
    expect(outcome).toMatchObject({ code: 'invalid_request', param: 'routing.weights.c2' });
    expect(made).toBeUndefined();
  });
});
