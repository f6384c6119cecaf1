import { expect, test } from '@jest/globals';
import type { HeappeConfig } from '../config/heappe.ts';
import { heappeStates, jobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { featuresOf } from './features.ts';
import { putFiles } from './put-files.ts';

test('a login for files is given back also by who was told to stop', async () => {
  const controller = new AbortController();
  const closed: [string, boolean][] = [];
  const client = {
    features: async () => featuresOf('6.1.0'),
    files: {
      async requestAccess() {
        controller.abort();
        return {
          ServerHostname: 'login',
          SharedBasepath: '/scratch',
          Credentials: { Username: 'acc-demo', PublicKey: 'ssh-ed25519 AAAA' },
        };
      },
      async closeAccess(_: number, publicKey: string, signal: AbortSignal) {
        closed.push([publicKey, signal.aborted]);
      },
    },
  } as unknown as HeappeClient;
  const timeouts = { connect: 1000, command: 1000, submit: 1000 };
  const config = { fileTransfer: 'auto', sftpHostKey: [], timeouts } as unknown as HeappeConfig;
  const State = heappeStates.configuring;
  const job = jobInfo.parse({ Id: 1, Name: 'wf-1', State, Tasks: [{ Id: 2, State }] });
  await expect(putFiles(config, client, job, {}, controller.signal)).rejects.toMatchObject({
    kind: 'misconfigured',
  });
  expect(closed).toEqual([['ssh-ed25519 AAAA', false]]);
});
