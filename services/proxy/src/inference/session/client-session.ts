import type { BodyReader } from '../../server/client-call.ts';

/** The client's side of a session, once the answer has switched protocols. */
export interface ClientSession {
  /** From here on what the client says goes there, in order. Nothing is lost that came before. */
  read(reader: BodyReader): void;
  /** Nothing more is read: the client will have to wait. */
  pause(): void;
  resume(): void;
}
