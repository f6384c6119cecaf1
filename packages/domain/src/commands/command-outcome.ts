import type { CommandEffect, CommandOutcome } from '../vocabulary/command.ts';
import type { ErrorCode } from '../vocabulary/errors.ts';
import { phrases } from '../vocabulary/phrases.ts';

export function applied(created: boolean): CommandOutcome {
  return { status: 'applied', created };
}

export function noProject(name: string): CommandEffect {
  return reject('project_not_found', phrases.noProject(name), null);
}

export function reject(code: ErrorCode, message: string, param: string | null): CommandEffect {
  return { outcome: { status: 'rejected', code, message, param } };
}
