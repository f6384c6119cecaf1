import { describe, expect, it } from '@jest/globals';
import type { Route } from '@wakefield/domain';
import { refusals } from './refusals.ts';

const failed = (reason: string | null) =>
  refusals.modelFailed({ project: 'demo', hfModelId: 'acme/v', reason } as Route).message;

describe('refusals', () => {
  it.each<[string | null, RegExp]>([
    ['no memory', /failed: no memory\. Requests do not wake it\./],
    ['The partition is full.', /partition is full\. Requests/],
    ['The end of its log:\nCUDA error\n', /CUDA error\nRequests/],
    [null, /the reason is not known\. Requests/],
  ])('of a failed model say what to do after %j', (reason, words) => {
    expect(failed(reason)).toMatch(words);
    expect(failed(reason)).toMatch(/ then POST \/p\/demo\/models \{"hf_model_id":"acme\/v"\}$/);
  });

  it('of an unknown path say what is served', () => {
    const { message } = refusals.notFound();
    for (const path of ['chat/completions', 'completions', 'embeddings', 'models', '/openai/v1'])
      expect(message).toContain(path);
  });

  it('of an unknown project say how one comes to be', () => {
    expect(refusals.projectNotFound('x').message).toMatch(/"x"\. .*POST \/p\./);
  });
});
