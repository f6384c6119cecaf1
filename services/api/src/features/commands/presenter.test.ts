import { describe, expect, it } from '@jest/globals';
import { commandSchema } from '@wakefield/contracts';
import type { Command, CommandBody, CommandOutcome } from '@wakefield/domain';
import { presentCommand } from './presenter.ts';

function command(body: CommandBody, outcome: CommandOutcome | null = null): Command {
  return {
    id: '0199f7c9-1d0e-7a40-8f0e-5b1d2c3a4e5f',
    project: 'demo',
    body,
    by: 'local',
    acceptedAt: 1_795_000_000_000,
    outcome,
    finishedAt: outcome === null ? null : 1_795_000_000_012,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}

describe('a command on the wire', () => {
  it.each<[CommandBody, object]>([
    [
      { kind: 'activate', cluster: 'c' },
      { cluster: 'c', hf_model_id: null, replicas: null },
    ],
    [
      { kind: 'wake', hfModelId: 'a/b' },
      { hf_model_id: 'a/b', cluster: null, replicas: null },
    ],
    [{ kind: 'sleep', hfModelId: 'a/b' }, { hf_model_id: 'a/b' }],
    [
      { kind: 'scale', hfModelId: 'a/b', replicas: 0 },
      { hf_model_id: 'a/b', replicas: 0 },
    ],
    [{ kind: 'unregister', hfModelId: 'a/b', stop: true }, { hf_model_id: 'a/b' }],
  ])('shows %j', (body, expected) => {
    const shown = presentCommand(command(body));
    expect(commandSchema.parse(shown)).toEqual(shown);
    expect(shown).toMatchObject({ ...expected, status: 'accepted', created: null, error: null });
  });

  it('tells its outcome', () => {
    const wake: CommandBody = { kind: 'wake', hfModelId: 'a/b' };
    const applied = presentCommand(command(wake, { status: 'applied', created: false }));
    expect(applied).toMatchObject({ status: 'applied', created: false, error: null });
    const error = { code: 'model_not_found', message: 'no', param: 'hf_model_id' } as const;
    const rejected = presentCommand(command(wake, { status: 'rejected', ...error }));
    expect(rejected).toMatchObject({ status: 'rejected', created: null, error });
  });
});
