import { headerOf } from '../answer-handler.ts';
import type { Framing } from './framing.ts';
import type { AnswerHead } from './head-reader.ts';

/** The answer to an offer that is taken: from its head on the connection speaks the other protocol (RFC 9110 §15.2.2). */
export const switchingProtocols = 101;

/** All that comes, until the connection ends; nothing comes on it after that. */
export const tunnel: Framing = { body: 'until_close', persistent: false, keepSeconds: null };

/** Whether it switches to what was offered: no other protocol ever is. */
export function isWebSocket({ minor, headers }: AnswerHead): boolean {
  return minor === 1 && headerOf(headers, 'upgrade')?.toLowerCase() === 'websocket';
}
