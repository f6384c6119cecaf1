import type { Socket } from 'node:net';
import type { YieldReason } from '../../metrics.ts';
import type { Destination } from '../classify.ts';
import type { ClientError } from '../client-errors.ts';
import type { ConnectionWords } from './answer-head.ts';
import type { FrontCall } from './front-call.ts';
import type { FrontConnection } from './front-connection.ts';
import type { Head } from './read-head.ts';

/** What is answered through the front. */
export type FrontDestination = Extract<
  Destination,
  { readonly kind: 'inference' | 'models' | 'health' }
>;

/** What all connections of a front have in common. */
export interface House {
  readonly words: ConnectionWords;
  readonly mostBodyBytes: number;
  /** So many times the connections were looked at: time as far as this process ran in it. */
  readonly looks: number;
  /** In looks: for a head, for a whole request, for the next request. */
  readonly patience: { readonly head: number; readonly request: number; readonly idle: number };
  /** Whether connections end with their next answers. */
  readonly isRetired: boolean;
  /** @returns null where it is not for here */
  destinationOf(head: Head): FrontDestination | null;
  serve(call: FrontCall, destination: FrontDestination): void;
  /** The rest of this connection is for node:http, from the first byte of a request on. */
  yieldToNode(socket: Socket, why: YieldReason): void;
  /** What came is no request, or not in time. */
  failed(error: ClientError, socket: Socket): void;
  left(connection: FrontConnection): void;
}
