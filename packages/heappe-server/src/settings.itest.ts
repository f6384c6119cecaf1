import { expect, jest, test } from '@jest/globals';
import { openScene } from '../test/heappe.ts';
import { defaultSeed } from './index.ts';

jest.setTimeout(60_000);

test('one job per account at a time, where accounts are not shared', async () => {
  const single = await openScene({ sharedAccountsPool: false });
  const first = await single.run({ lines: ['sleep 300'] });
  const second = await single.run({ lines: ['true'] });
  expect((await single.job(second.id)).State).toBe(128);
  await single.call('PUT', 'JobManagement/CancelJob', {
    SubmittedJobInfoId: first.id,
    SessionCode: await single.session('submitter'),
  });
  await single.jobUntil(second.id, ({ State }) => State === 16);
  await single.stop();
});

test('a seed of one’s own', async () => {
  const own = await openScene({
    seed: {
      ...defaultSeed,
      cluster: 'other',
      projects: [{ accountingString: 'demo', endDate: new Date(0) }],
    },
  });
  // A manager may still arrange its templates; nobody may use them.
  expect(await own.template()).toBeGreaterThan(0);
  await expect(own.run({ lines: ['true'] })).rejects.toThrow(/not defined in the HEAppE/);
  await own.stop();
});
