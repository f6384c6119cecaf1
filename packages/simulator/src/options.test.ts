import { describe, expect, test } from '@jest/globals';
import { alone, defaultOptions, parseCommandLine } from './options.ts';

describe('command line', () => {
  test('without flags it is the defaults', () => {
    const { key: _, ...rest } = defaultOptions;
    expect(parseCommandLine([])).toEqual({ ...rest, keyFile: null, place: alone });
  });

  test('every flag', () => {
    const argv = [
      '--host=::1',
      '--port=9',
      '--model=a/b',
      '--model=__job_x',
      '--key-file=/k',
      '--load-seconds=0.5',
      '--tokens-per-second=2000',
      '--max-concurrency=3',
      '--max-model-len=128',
      '--fail=load',
      '--shutdown-timeout=7',
      '--dialect=sglang',
      '--enable-prompt-tokens-details',
      '--nnodes=3',
      '--node-rank=2',
      '--master-addr=192.0.2.1',
      '--master-port=2345',
      '--distributed-timeout-seconds=9',
      '--headless',
    ];
    expect(parseCommandLine(argv)).toEqual({
      host: '::1',
      port: 9,
      models: ['a/b', '__job_x'],
      keyFile: '/k',
      loadSeconds: 0.5,
      tokensPerSecond: 2000,
      maxConcurrency: 3,
      maxModelLen: 128,
      fail: 'load',
      shutdownTimeout: 7,
      dialect: 'sglang',
      enablePromptTokensDetails: true,
      place: { nodes: 3, rank: 2, headHost: '192.0.2.1', headPort: 2345, waitSeconds: 9 },
    });
  });

  test.each([
    [['--port=70000'], '--port must be a number from 0 to 65535, not 70000'],
    [['--tokens-per-second=fast'], '--tokens-per-second must be a number'],
    [['--max-concurrency=0'], '--max-concurrency must be a number from 1'],
    [['--fail=often'], '--fail must be one of none, start, load, serve, not often'],
    [['--dialect=tgi'], '--dialect must be one of vllm, sglang, not tgi'],
    [['--nnodes=0'], '--nnodes must be a number from 1'],
    [['--nnodes=2', '--node-rank=2', '--headless'], '--node-rank must be below --nnodes=2, not 2'],
    [['--nnodes=2', '--node-rank=1'], '--node-rank=1 needs --headless'],
    [['--nnodes=2', '--headless'], '--headless is not for --node-rank=0'],
    [['--nonsense'], 'nonsense'],
    [['positional'], 'positional'],
  ])('%j is refused', (argv, words) => {
    expect(() => parseCommandLine(argv)).toThrow(words);
  });
});
