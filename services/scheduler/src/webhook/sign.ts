import { createHmac } from 'node:crypto';
import type { EpochMs } from '@wakefield/domain';

/**
 * The headers by which a receiver knows that a message is ours and new: Standard Webhooks 1.0.0, "Signature scheme" and
 * "Webhook headers", with a symmetric key.
 * @param now of this try: an old one is no good to somebody who sends it again
 */
export function signedHeaders(
  key: Buffer,
  id: string,
  now: EpochMs,
  body: string,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(now / 1000);
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
