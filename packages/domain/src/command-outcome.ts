import type { CommandEffect, CommandOutcome } from './command.ts';
import type { ErrorCode } from './errors.ts';

export function applied(created: boolean): CommandOutcome {
  return { status: 'applied', created };
}

export function noProject(name: string): CommandEffect {
  return reject('project_not_found', `The project ${name} is not activated.`, null);
}

export function reject(code: ErrorCode, message: string, param: string | null): CommandEffect {
  return { outcome: { status: 'rejected', code, message, param } };
}
