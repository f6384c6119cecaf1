import { expect, test } from '@jest/globals';
import { loadConfig, signingKey, signingSecret } from '@wakefield/runtime';
import { z } from 'zod';
import { signedHeaders } from './sign.ts';

const secretOf = (text: string) =>
  loadConfig(z.object({ SECRET: signingSecret }), { SECRET: text }).SECRET;

test('a message is signed as Standard Webhooks says', () => {
  // Key, message and signature with which the libraries of the specification are tested.
  const key = signingKey(secretOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
  const at = 1_614_265_330_999;
  expect(signedHeaders(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}')).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});
