import type { Webhook } from '@wakefield/control';
import type { EpochMs } from '@wakefield/domain';
import { signingKey } from '@wakefield/runtime';
import type { WebhookConfig } from '../config.ts';
import { noticeBody, noticeId } from './notice-body.ts';
import { signedHeaders } from './sign.ts';

/** For the whole answer; who has more to do answers first. */
const TIMEOUT_MS = 10_000;

/** Sends each notice as one signed POST. Whatever is not 2xx is a failure; nothing of an answer but its status is read. */
export function createWebhook(
  { url, secret }: WebhookConfig,
  now: () => EpochMs,
  timeoutMs = TIMEOUT_MS,
): Webhook {
  const place = url.reveal();
  const key = signingKey(secret);
  return {
    send: async (notice, signal) => {
      const body = JSON.stringify(noticeBody(notice));
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await fetch(place, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Wakefield',
            ...signedHeaders(key, noticeId(notice), now(), body),
          },
          body,
          // What is meant for one place is not carried on to another; a 3xx is a failure.
          redirect: 'manual',
          signal: AbortSignal.any([signal, timeout]),
        });
        // Ends the connection where there is more than what has come with the head.
        await answer.body?.cancel().catch(() => undefined);
        return answer.ok ? null : `it answered ${answer.status}`;
      } catch (error) {
        return timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error);
      }
    },
  };
}

/** The code alone (`ECONNREFUSED`): a message might name the place, and its path may be a secret. */
function causeOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === 'string' ? `no answer: ${cause.code}` : 'no answer';
}
