import { describe, expect, test } from '@jest/globals';
import { heappe } from '../config/heappe.ts';
import { createClusterTransports } from './create-transport.ts';

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

describe('the way to engines of a HEAppE cluster', () => {
  test.each([
    [undefined, 'heappe'],
    [{ kind: 'heappe' }, 'heappe'],
    [{ kind: 'direct' }, 'direct'],
    [{ kind: 'jump', host: 'login', user: 'me', keyFile: 'key', hostKey }, 'ssh'],
  ])('%j is %s', async (transport, kind) => {
    const config = heappe.parse({
      kind: 'heappe',
      url: 'https://heappe.example',
      credential: { kind: 'api-key', user: 'me', keyFile: 'key' },
      ...(transport === undefined ? {} : { transport }),
    });
    const made = createClusterTransports([{ ...config, name: 'c' }]).get('c');
    expect(made?.kind).toBe(kind);
    await made?.close();
  });
});
