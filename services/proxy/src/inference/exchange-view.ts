import type { AppError, Route, TimeLimits } from '@wakefield/domain';
import type { Splice } from './ask-usage.ts';
import type { InferenceCall } from './call.ts';
import type { InferenceParts } from './parts.ts';
import type { Belonging } from './picker.ts';
import type { ExchangeRecord } from './record.ts';
import type { RelayEnd } from './relay.ts';
import type { Reply } from './reply.ts';
import type { RequestBody } from './request-body.ts';
import type { Asked } from './run-lengths.ts';
import type { SessionSides } from './session/session-relay.ts';

/** One exchange as its wait and its tries see it. */
export interface ExchangeView extends Belonging {
  readonly parts: InferenceParts;
  readonly call: InferenceCall;
  readonly reply: Reply;
  readonly record: ExchangeRecord;
  readonly requestBody: RequestBody;
  /** What its body says of how long it may run; once that was read. */
  readonly asked: Asked;
  /** How long it may take; from the moment that its route is known. */
  readonly limits: TimeLimits;
  /** Where a session is asked for, what it is made of; null: a request with one answer. */
  readonly session: SessionSides | null;
  /** Why no engine could be asked, as far as it is known. */
  readonly nobody: AppError;
  /** The bytes by which it asks for the usage of its stream; null: it is no stream, or that is not for us to ask. */
  readonly splice: Splice | null;
  /** The newest route of its model. */
  route(): Route | null;
  /** Looks at the routes again, and decides. */
  proceed(): void;
  refuse(error: AppError): void;
  /**
   * Ends it in the way that is still open: with an error, an error event, or a closed connection.
   * @param atBoundary whether what came of the answer so far ends between two events
   */
  breakOff(error: AppError, atBoundary: boolean): void;
  /** Its answer is over. */
  finish(outcome: RelayEnd['outcome']): void;
}
