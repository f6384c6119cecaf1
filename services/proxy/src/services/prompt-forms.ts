import type { PromptAnswerJson, PromptBody } from '@wakefield/contracts';
import { z } from 'zod';

/** How an engine is given a prompt. */
export type PromptForm = 'chat' | 'completion';

/** Where engines of OpenAI’s interface take each. */
export const promptPaths: Readonly<Record<PromptForm, string>> = {
  chat: '/v1/chat/completions',
  completion: '/v1/completions',
};

/** What is sent to the engine. What its caller leaves open, it decides. */
export function promptRequest(
  form: PromptForm,
  model: string,
  { prompt, max_tokens, temperature }: PromptBody,
): object {
  const said = form === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
  return { model, ...said, max_tokens, temperature };
}

const tokens = z.int().min(0);
const answerSchema = z.object({
  model: z.string(),
  choices: z
    .array(
      z.object({
        text: z.string().nullish(),
        message: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z
    .object({ prompt_tokens: tokens, completion_tokens: tokens, total_tokens: tokens })
    .nullish()
    .catch(null),
});

/** @returns null for what no engine should say */
export function readPromptAnswer(id: string, body: Buffer): PromptAnswerJson | null {
  const parsed = answerSchema.safeParse(json(body));
  if (!parsed.success) return null;
  const { model, choices, usage = null } = parsed.data;
  const [{ text = null, message = null, finish_reason: reason = null } = {}] = choices;
  return { id, model, text: text ?? message?.content ?? '', finish_reason: reason, usage };
}

/** What an engine says of what it was asked. @returns null: it is not JSON, or nothing that could say why */
export function readRefusal(body: Buffer): object | null {
  const value = json(body);
  return typeof value === 'object' ? value : null;
}

/** It says so at the beginning of its answer. */
const templateBytes = 4096;

/**
 * Whether an engine refuses a chat because its model has no chat template: of transformers "you must provide a chat
 * template", which vLLM passes on with 400.
 */
export function lacksTemplate(status: number, body: Buffer): boolean {
  return status === 400 && /chat[ _]template/i.test(body.toString('utf8', 0, templateBytes));
}

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) });
/** By this name an engine proves whose job it is: ours to ask for. */
const ownAlias = /^__job_/;

/**
 * Models of an engine's list.
 * @param served what it was started with: some engines have one name for it, and that is ours (SGLang)
 * @returns null for what no engine should say
 */
export function readModels(body: Buffer, served: string): readonly string[] | null {
  const parsed = listSchema.safeParse(json(body));
  if (!parsed.success) return null;
  const ids = parsed.data.data.map(({ id }) => id);
  const names = ids.filter((id) => !ownAlias.test(id));
  return names.length === 0 && ids.length > 0 ? [served] : names;
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}
