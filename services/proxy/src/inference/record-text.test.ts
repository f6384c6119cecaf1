import { expect, test } from '@jest/globals';
import { AppError } from '@wakefield/domain';
import fc from 'fast-check';
import { type RecordFields, recordText } from './record-text.ts';

const name = fc.string({ unit: 'grapheme' });
const ms = fc.double({ min: 0, max: 1e6, noNaN: true }).map((one) => Math.round(one * 100) / 100);
const fields: fc.Arbitrary<RecordFields> = fc.record({
  requestId: fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/),
  traceId: fc.stringMatching(/^[0-9a-f]{32}$/),
  project: name,
  principal: fc.option(name),
  operation: fc.constantFrom('chat/completions', 'embeddings', 'realtime'),
  model: fc.option(name),
  modelId: fc.option(name, { nil: undefined }),
  jobId: fc.option(name),
  streamed: fc.boolean(),
  status: fc.nat(599),
  outcome: fc.constantFrom('complete', 'engine_error', 'cut', 'refused', 'client_left'),
  error: fc.option(
    fc.option(name, { nil: undefined }).map(
      (cause) =>
        new AppError('model_failed', 'a message for the caller', {
          ...(cause === undefined ? {} : { cause: new Error(cause) }),
        }),
    ),
    { nil: undefined },
  ),
  attempts: fc.nat(6),
  limitedBy: fc.option(fc.constant('principal requests'), { nil: undefined }),
  heldMs: ms,
  queuedMs: fc.option(ms, { nil: undefined }),
  firstByteMs: fc.option(ms),
  durationMs: ms,
  bytes: fc.option(fc.record({ up: fc.nat(), down: fc.nat() })),
  tokens: fc.option(
    fc.record({ prompt: fc.nat(), completion: fc.nat(), estimated: fc.boolean() }),
    { nil: undefined },
  ),
});

test('is the JSON of its fields, in their order, without those that say nothing', () => {
  fc.assert(
    fc.property(fields, (of) => {
      const { error, bytes, tokens, ...rest } = of;
      const text = recordText(of);
      const cause = error?.cause as Error | undefined;
      const read = JSON.parse(`{${text.slice(1)}}`);
      if (cause !== undefined) expect(read.err).toMatchObject({ message: cause.message });
      const { err: _, ...others } = read;
      expect(others).toEqual(
        JSON.parse(
          JSON.stringify({
            ...rest,
            code: error?.code,
            bytesUp: bytes?.up,
            bytesDown: bytes?.down,
            promptTokens: tokens?.prompt,
            completionTokens: tokens?.completion,
            tokensEstimated: tokens?.estimated === true ? true : undefined,
          }),
        ),
      );
      expect(text).not.toContain('a message for the caller');
    }),
  );
});
