import type { AppError, Route } from '@wakefield/domain';
import type { InferenceCall } from './call.ts';
import type { InferenceParts } from './parts.ts';
import type { Belonging } from './picker.ts';
import type { ExchangeRecord } from './record.ts';
import type { RelayEnd } from './relay.ts';
import type { Reply } from './reply.ts';
import type { Asked } from './run-lengths.ts';

/** One exchange as its wait and its tries see it. */
export interface ExchangeView extends Belonging {
  readonly parts: InferenceParts;
  readonly call: InferenceCall;
  readonly reply: Reply;
  readonly record: ExchangeRecord;
  /** What its body says of how long it may run; once that was read. */
  readonly asked: Asked;
  /** The newest route of its model. */
  route(): Route | null;
  /** Looks at the routes again, and decides. */
  proceed(): void;
  refuse(error: AppError): void;
  /** Its answer is over. */
  finish(outcome: RelayEnd['outcome']): void;
}
