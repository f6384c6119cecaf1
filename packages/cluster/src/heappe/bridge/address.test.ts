import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOfTask, taskOfAddress } from './address.ts';

const nodes = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((ip) => !ip.includes('.')),
  fc.domain(),
  fc.stringMatching(/^[a-z]{1,8}-?[0-9]{1,4}$/),
);

describe('the address of an engine in a HEAppE job', () => {
  test.each([
    [{ taskId: 42, node: 'acn12', port: 8000 }, 'acn12.task-42'],
    [{ taskId: 1, node: '10.0.0.5', port: 8000 }, '10.0.0.5.task-1'],
    [{ taskId: 7, node: '2001:DB8:0:0:0:0:0:1', port: 8000 }, '2001-DB8-0-0-0-0-0-1.ip6.task-7'],
  ])('%j', (where, host) => {
    expect(addressOfTask(where)).toEqual({ host, port: 8000 });
  });

  test.each(['acn12', '10.0.0.5', 'acn12.task-', 'acn12.task-0', '.task-1', 'a.task-1.b'])(
    '%s is not one',
    (host) => {
      expect(taskOfAddress({ host, port: 1 })).toBeNull();
    },
  );

  test('is read back as it was, and is the host of a URL', () => {
    fc.assert(
      fc.property(
        nodes,
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.integer({ min: 1, max: 65_535 }),
        (node, taskId, port) => {
          const address = addressOfTask({ taskId, node, port });
          expect(taskOfAddress(address)).toEqual({ taskId, node, port });
          expect(new URL(`http://${address.host}:${port}`).hostname).toBe(
            address.host.toLowerCase(),
          );
        },
      ),
    );
  });
});
