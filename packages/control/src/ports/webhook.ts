import type { Notice } from '@wakefield/domain';

/** Somebody outside who is told of services. */
export interface Webhook {
  /**
   * Tells it once. What became of that may be unknown all the same: whoever tells again has to be understood to tell
   * the same, by the notice's key.
   * @returns what was wrong, for the log; null: it has been taken
   */
  send(notice: Notice, signal: AbortSignal): Promise<string | null>;
}
