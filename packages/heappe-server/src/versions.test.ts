import { expect, test } from '@jest/globals';
import { traitsOf, versionFrom } from './versions.ts';

test.each([
  ['5.0', '5.0.0'],
  ['6.1', '6.1.0'],
  ['6.2', '6.2.0'],
  ['6.2.1', '6.2.0'],
  ['6.2.4', '6.2.2'],
  ['6.2.11', '6.2.9'],
  ['6.3', '6.3.2'],
  ['6.3.0', '6.2.9'],
])('%s is imitated as %s', (text, version) => {
  expect(versionFrom(text)).toBe(version);
});

test.each(['4.3', '7.0', '6.9.1', 'new', ''])('%j is none', (text) => {
  expect(() => versionFrom(text)).toThrow(/no HEAppE of version/);
});

test('what came when', () => {
  expect(traitsOf('5.0.0')).toMatchObject({
    taskIdField: 'SubmittedJobInfoId',
    postLimit: 50_000,
    streaming: 'no',
    bearer: 'nothing',
    createJobBytes: 50_000,
  });
  expect(traitsOf('6.1.0')).toMatchObject({
    streaming: 'wrapped',
    parameterValueLimit: 100_000,
    bearer: 'required',
    template: { bytes: 1520, allocation: 100 },
  });
  expect(traitsOf('6.2.2')).toMatchObject({ oneTaskOnly: false, template: { bytes: 10_000 } });
  expect(traitsOf('6.2.9')).toMatchObject({
    streaming: 'raw',
    parameterValueLimit: 1000,
    oneTaskOnly: true,
  });
});
