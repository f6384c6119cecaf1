import type { CommandBody, CommandEffect } from '@wakefield/domain';

/** A wish for the sample model. */
export const wake: CommandBody = { kind: 'wake', hfModelId: 'acme/small' };
export const done: CommandEffect = { outcome: { status: 'applied', created: false } };
export const rejected: CommandEffect = {
  outcome: { status: 'rejected', code: 'model_not_found', message: 'No such model.', param: null },
};
