import { expect, it } from '@jest/globals';
import { countTokens, type KnownOfTokens } from './count-tokens.ts';
import { nothingCame } from './relay.ts';

const answered: KnownOfTokens = {
  usage: { prompt: 12, completion: 7, cached: 4 },
  atEngine: true,
  failed: false,
  operation: 'chat/completions',
  bodyBytes: 401,
  come: { chunks: 9, bytes: 0 },
};
const untold: KnownOfTokens = { ...answered, usage: null };
const nothing = { prompt: 0, completion: 0, cached: 0, estimated: false };

it.each<[string, KnownOfTokens, ReturnType<typeof countTokens>]>([
  ['are the engine’s', answered, { prompt: 12, completion: 7, cached: 4, estimated: false }],
  [
    'are the engine’s, also of what then broke',
    { ...answered, failed: true },
    { prompt: 12, completion: 7, cached: 4, estimated: false },
  ],
  [
    'are those of the utterances of a session',
    { ...answered, operation: 'realtime', come: nothingCame },
    { prompt: 12, completion: 7, cached: 4, estimated: false },
  ],
  [
    'are, of one that was cut off, the deltas besides',
    { ...answered, operation: 'realtime', come: { chunks: 3, bytes: 0 } },
    { prompt: 12, completion: 10, cached: 4, estimated: true },
  ],
  [
    'are guessed where it did not tell',
    untold,
    { prompt: 101, completion: 8, cached: 0, estimated: true },
  ],
  [
    'are guessed of what is no chat',
    { ...untold, operation: 'completions' },
    { prompt: 101, completion: 9, cached: 0, estimated: true },
  ],
  [
    'are the prompt’s before anything was said',
    { ...untold, come: nothingCame },
    { prompt: 101, completion: 0, cached: 0, estimated: true },
  ],
  [
    'are guessed by the size of what came, where it is no stream',
    { ...untold, come: { chunks: 0, bytes: 41 } },
    { prompt: 101, completion: 11, cached: 0, estimated: true },
  ],
  [
    'are none of an embedding',
    { ...untold, operation: 'embeddings', come: { chunks: 0, bytes: 41 } },
    { prompt: 101, completion: 0, cached: 0, estimated: true },
  ],
  ['are none of what never came to an engine', { ...untold, atEngine: false }, nothing],
  ['are none of what an engine refused', { ...untold, failed: true }, nothing],
])('tokens %s', (_what, known, expected) => {
  expect(countTokens(known)).toEqual(expected);
});
