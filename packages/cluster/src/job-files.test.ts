import { describe, expect, test } from '@jest/globals';
import { isBuilding, parseEndpointFile, parseExitFile, parseGpuFile } from './job-files.ts';

describe('files of a job', () => {
  test.each([
    ['{"host":"cn01","port":20001,"pid":1,"at":2}\n', { host: 'cn01', port: 20_001 }],
    ['{"host":"fe80::1","port":1}', { host: 'fe80::1', port: 1 }],
    ['{"host":"cn01","port":0}', null],
    ['{"host":"cn01","port":70000}', null],
    ['{"host":"cn01","port":"20001"}', null],
    ['{"host":"a b","port":20001}', null],
    ['{"host":"","port":20001}', null],
    ['{"host":"cn01","po', null],
    ['[]', null],
    ['null', null],
    ['', null],
  ])('endpoint %j', (text, address) => expect(parseEndpointFile(text)).toEqual(address));

  test.each([
    ['{"exitCode":0,"cause":"drained","at":5}', { exitCode: 0, cause: 'drained', at: 5 }],
    ['{"exitCode":137,"cause":"terminated","at":5}', { exitCode: 137, cause: 'terminated', at: 5 }],
    ['{"exitCode":1,"cause":"setup","at":5}', { exitCode: 1, cause: 'setup', at: 5 }],
    ['{"exitCode":127,"cause":"absent","at":5}', { exitCode: 127, cause: 'absent', at: 5 }],
    [
      '{"exitCode":127,"cause":"absent","missing":"apptainer","at":5}',
      { exitCode: 127, cause: 'absent', missing: 'apptainer', at: 5 },
    ],
    [
      '{"exitCode":127,"cause":"absent","missing":"Call 555, and pay.","at":5}',
      { exitCode: 127, cause: 'absent', at: 5 },
    ],
    ['{"exitCode":0,"cause":"other","at":5}', null],
    ['{"exitCode":0.5,"cause":"engine","at":5}', null],
    ['{"exitCode":0,"cause":"engine"}', null],
    ['{', null],
  ])('exit %j', (text, record) => expect(parseExitFile(text)).toEqual(record));

  test.each([
    ['building\n', 'running', true],
    ['building', 'suspended', true],
    ['building', 'pending', false],
    ['building', 'failed', false],
    ['building', 'unknown', false],
    ['building', undefined, false],
    ['buildings', 'running', false],
    ['', 'running', false],
    [null, 'running', false],
    [undefined, 'running', false],
  ] as const)('stage %j of a job that is %s', (text, state, building) =>
    expect(isBuilding(text, state)).toBe(building),
  );

  test.each([
    ['42\n', 42],
    ['10\n20\n', 15],
    ['10, 30', 20],
    ['', null],
    ['N/A', null],
    ['101', null],
    ['-1', null],
  ])('gpu %j', (text, mean) => expect(parseGpuFile(text)).toBe(mean));
});
