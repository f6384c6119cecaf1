import type { EngineProbe, EngineTarget, ProbeVerdict } from '@wakefield/control';
import { type Ask, field, notYet, parse } from './ask.ts';

const warmUps = {
  chat: {
    path: '/v1/chat/completions',
    body: (model: string) => ({
      model,
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 1,
    }),
  },
  completion: {
    path: '/v1/completions',
    body: (model: string) => ({ model, prompt: 'Hello', max_tokens: 1 }),
  },
  embedding: {
    path: '/v1/embeddings',
    body: (model: string) => ({ model, input: 'Hello' }),
  },
} as const;

/** Answers of an engine whose model does not do this kind of thing. */
const notItsKind: ReadonlySet<number> = new Set([400, 404, 405, 422, 501]);

/**
 * The first request is slow (compilation, caches), so it is ours. An engine that knows none of the kinds, e.g.
 * one that only transcribes, is ready without.
 */
export async function warmUp(
  ask: Ask,
  probe: EngineProbe,
  { hfModelId, identity }: EngineTarget,
): Promise<ProbeVerdict | null> {
  for (const kind of probe.warmUps) {
    const { path, body } = warmUps[kind];
    const asked = body(hfModelId ?? identity);
    const answer = await ask({ method: 'POST', path, withKey: true, body: asked });
    if (answer.status === 200) {
      return wasCut(answer.text) ? notYet('it is shutting down') : null;
    }
    if (!notItsKind.has(answer.status)) return notYet(`${path} answers ${answer.status}`);
  }
  return null;
}

/** An engine on its way out answers 200 with nothing in it. */
function wasCut(text: string): boolean {
  const choices = field(parse(text), 'choices');
  return Array.isArray(choices) && field(choices[0], 'finish_reason') === 'abort';
}
