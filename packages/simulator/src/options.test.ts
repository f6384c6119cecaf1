import { describe, expect, test } from '@jest/globals';
import { defaultOptions, parseCommandLine } from './options.ts';

describe('command line', () => {
  test('without flags it is the defaults', () => {
    const { key: _, ...rest } = defaultOptions;
    expect(parseCommandLine([])).toEqual({ ...rest, keyFile: null });
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
    });
  });

  test.each([
    [['--port=70000'], '--port must be a number from 0 to 65535, not 70000'],
    [['--tokens-per-second=fast'], '--tokens-per-second must be a number'],
    [['--max-concurrency=0'], '--max-concurrency must be a number from 1'],
    [['--fail=often'], '--fail must be one of none, start, load, serve, not often'],
    [['--dialect=tgi'], '--dialect must be one of vllm, sglang, not tgi'],
    [['--nonsense'], 'nonsense'],
    [['positional'], 'positional'],
  ])('%j is refused', (argv, words) => {
    expect(() => parseCommandLine(argv)).toThrow(words);
  });
});
