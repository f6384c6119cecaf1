import { describe, expect, test } from '@jest/globals';
import { loginRemedy, projectRemedy, reachRemedy } from './remedies.ts';

const config = { name: 'site', user: 'me', host: 'login1', keyFile: '/keys/id' };

describe('a login that failed', () => {
  test.each([
    [
      'no host key is pinned for login1; run `npm run cluster -- trust NAME`',
      /trust site, and compare/,
    ],
    ['the host key of login1 is not the pinned one: it shows SHA256:x', /ask the centre/],
    ['login1 does not accept the key for it', /ssh-keygen -y -f \/keys\/id.*of me on login1/],
    [
      'login1: the remote shell ended with status 1: This account is currently not available.',
      /\/bin\/bash/,
    ],
    ['/keys/id cannot be read (ENOENT)', /no such file/],
    ['/keys/id cannot be read (EACCES)', /must be able to read/],
    [
      '/keys/id: Cannot parse privateKey: Encrypted private OpenSSH key detected, but no passphrase given',
      /passphraseFile/,
    ],
    ['/keys/id: Cannot parse privateKey: Unsupported key format', /not its \.pub/],
    ['login1 cannot be reached: its name does not resolve', /^host:/],
    ['login1 cannot be reached: connection refused', /^port:/],
    ['login1 cannot be reached: it is not an ssh server, or it hung up', /not as an ssh server/],
    ['login1 cannot be reached: no answer in time', /firewall or VPN/],
  ])('%s', (words, remedy) => expect(loginRemedy(config, words)).toMatch(remedy));
});

describe('a project that is not taken', () => {
  test.each([
    ['Invalid account or account/partition combination specified', /projects\.PROJECT\.account/],
    ['invalid partition specified: nope', /defaults\.partition/],
    ['Invalid qos specification', /defaults\.qos/],
    ['Invalid generic resource (gres) specification', /gpus\.style/],
    ['Requested time limit is invalid (missing or exceeds some limit)', /time|partition/],
    ['who knows', /--test-only/],
  ])('%s', (words, remedy) => expect(projectRemedy(words)).toMatch(remedy));
});

describe('a job that cannot be reached', () => {
  test.each([
    ['ssh', 'cn01:20000 over login1: Name or service not known', /the login node does not know/],
    ['direct', 'cn01:20000: ENOTFOUND', /this machine does not know/],
    ['direct', 'cn01:20000: ECONNREFUSED', /nothing listens there/],
    ['direct', 'cn01:20000: no answer in time', /transport to \{ kind: ssh \}/],
    ['ssh', 'cn01:20000 over login1: no answer in time', /which ports are open/],
    ['ssh', 'login1: the ssh server does not allow forwarding', /AllowTcpForwarding/],
  ] as const)('%s: %s', (kind, words, remedy) => expect(reachRemedy(kind, words)).toMatch(remedy));
});
