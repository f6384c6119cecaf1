import { idempotencyKey, parseInput } from '@wakefield/contracts';
import { awaitCommand, type CommandInsertion, submitCommand } from '@wakefield/control';
import {
  AppError,
  type Command,
  type CommandBody,
  isAppError,
  type OperationName,
  type ProjectName,
} from '@wakefield/domain';
import type { Request, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { authorize } from '../../http/authorize.ts';
import { contextOf, principalOf } from '../../http/context.ts';
import { commandPath } from '../../http/paths.ts';
import { presentAccepted } from './presenter.ts';

export type ChangeDeps = Pick<
  ApiDeps,
  'commands' | 'nudges' | 'clock' | 'ids' | 'logger' | 'commandWaitMs'
>;

/**
 * Accepts a change as a command and waits briefly for its outcome.
 * @param asked what the caller sent, where the body is made of more than that
 * @returns the command, applied or still waiting to be
 * @throws AppError the reason when it was rejected; `idempotency_key_reused`; `store_unavailable` when it
 * was not accepted
 */
export async function change(
  deps: ChangeDeps,
  req: Request,
  res: Response,
  project: ProjectName,
  body: CommandBody,
  asked?: unknown,
): Promise<Command> {
  const insertion = await submitCommand(
    { ...deps, log: deps.logger },
    {
      ...{ project, body, asked },
      by: principalOf(res).id,
      traceId: contextOf(res).traceId,
      idempotencyKey: keyOf(req),
    },
  );
  return await settled(deps, res, insertion);
}

/**
 * The command of an earlier request with the same Idempotency-Key: to be asked for first where the body of a command is
 * made of more than what its sender asked for.
 * @returns null: this is the first request
 * @throws AppError as `change`
 */
export async function replayed(
  deps: ChangeDeps,
  req: Request,
  res: Response,
  operation: OperationName,
  asked: unknown,
): Promise<Command | null> {
  const idempotencyKey = keyOf(req);
  if (idempotencyKey === null) return null;
  const first = await deps.commands.replay({ by: principalOf(res).id, idempotencyKey, asked });
  if (first === null) return null;
  if (first.kind === 'replayed') authorize(res, operation, first.command.project);
  return await settled(deps, res, first);
}

async function settled(
  deps: ChangeDeps,
  res: Response,
  insertion: CommandInsertion,
): Promise<Command> {
  if (insertion.kind === 'key_reused') {
    throw new AppError(
      'idempotency_key_reused',
      'This Idempotency-Key was used before with another request.',
      { param: 'Idempotency-Key' },
    );
  }
  if (insertion.kind === 'replayed') res.set('Idempotency-Replayed', 'true');
  const command = await outcomeOf(deps, insertion.command);
  if (command.outcome?.status === 'rejected') {
    const { code, message, param } = command.outcome;
    throw new AppError(code, message, param === null ? {} : { param });
  }
  return command;
}

/** 202: the command, and where to ask for it later. */
export function answerAccepted(res: Response, command: Command): void {
  res.status(202).location(commandPath(command.project, command.id)).json(presentAccepted(command));
}

/** Once a command is accepted, a store that goes away is no failure of it. */
async function outcomeOf(deps: ChangeDeps, accepted: Command): Promise<Command> {
  if (accepted.outcome !== null) return accepted;
  try {
    return (await awaitCommand(deps.commands, accepted.id, deps.commandWaitMs)) ?? accepted;
  } catch (error) {
    if (!isAppError(error)) throw error;
    deps.logger.warn({ err: error, commandId: accepted.id }, 'outcome of a command not read');
    return accepted;
  }
}

function keyOf(req: Request): string | null {
  const header = req.headers['idempotency-key'];
  if (header === undefined) return null;
  try {
    return parseInput(idempotencyKey, header, 'headers');
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError('invalid_request', error.message.replace('The headers', 'Idempotency-Key'), {
      param: 'Idempotency-Key',
    });
  }
}
