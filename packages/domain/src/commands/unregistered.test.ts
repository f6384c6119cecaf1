import { describe, expect, test } from '@jest/globals';
import { commandContext, commandInput, model } from '../../test/builders.ts';
import { type CommandBody, decideCommand, type Model } from '../index.ts';

const { now } = commandInput;
const hfModelId = 'org/model';
const decide = (body: CommandBody, over: { readonly model: Model }) =>
  decideCommand(commandContext(body, over), commandInput);

describe('a model that is registered no more', () => {
  const gone = model({ registered: false });
  test('has its jobs ended when somebody asks for that afterwards, once', () => {
    const stop = { kind: 'unregister', hfModelId, stop: true } as const;
    expect(decide(stop, { model: gone })).toMatchObject({
      outcome: { status: 'applied', created: false },
      model: { registered: false, stopRequested: true, updatedAt: now },
    });
    const again = decide(stop, { model: { ...gone, stopRequested: true } });
    expect(again.outcome).toMatchObject({ code: 'model_not_found' });
  });

  test.each<CommandBody>([
    { kind: 'unregister', hfModelId, stop: false },
    { kind: 'wake', hfModelId },
    { kind: 'sleep', hfModelId },
  ])('is not there for %j', (body) => {
    expect(decide(body, { model: gone }).outcome).toMatchObject({ code: 'model_not_found' });
  });
});
