import { setTimeout as pause } from 'node:timers/promises';
import { processKey } from './process.ts';

/** What a client knows of one request that it sent. */
export interface Sent {
  /** As the proxy called it; null: no answer began. */
  readonly requestId: string | null;
  readonly status: number;
  /** Whether all of its answer came. */
  readonly complete: boolean;
  /** Tokens that its answer spoke of; null where it asked for none. */
  readonly told: { readonly prompt: number; readonly completion: number } | null;
}

export interface Load {
  readonly sent: readonly Sent[];
  /** Resolves when the last answers are there, or are not to come. */
  stop(): Promise<void>;
}

/** Ways to ask: whole, by stream, by stream with usage, and without a chat. */
const kinds = [
  { operation: 'chat/completions', more: {} },
  { operation: 'chat/completions', more: { stream: true } },
  {
    operation: 'chat/completions',
    more: { stream: true, stream_options: { include_usage: true } },
  },
  { operation: 'completions', more: { stream: true } },
] as const;

/**
 * Clients that ask without a pause, one request after the other each, whatever becomes of them.
 * @param urls of proxies at this moment; a client stays with the one of its number
 */
export function startLoad(
  urls: () => readonly (string | null)[],
  project: string,
  clients: number,
): Load {
  const sent: Sent[] = [];
  let stopped = false;
  const run = async (client: number): Promise<void> => {
    for (let round = 0; !stopped; round += 1) {
      const all = urls();
      const url = all[client % all.length] ?? null;
      const result =
        url === null ? null : await ask(`${url}/p/${project}/openai/v1/`, client, round);
      if (result !== null) sent.push(result);
      // Nobody is there: it would ask a thousand times a second.
      if (result?.requestId == null) await pause(20);
    }
  };
  const runs = Array.from({ length: clients }, (_, client) => run(client));
  return {
    sent,
    stop: async () => {
      stopped = true;
      await Promise.all(runs);
    },
  };
}

async function ask(base: string, client: number, round: number): Promise<Sent> {
  const { operation, more } = kinds[(client + round) % kinds.length] ?? kinds[0];
  const content = `Question ${round} of ${client}. `.repeat(1 + (round % 4));
  const prompt =
    operation === 'completions' ? { prompt: content } : { messages: [{ role: 'user', content }] };
  const body = { model: 'acme/small', max_tokens: 3 + (round % 40), ...prompt, ...more };
  let requestId: string | null = null;
  let status = 0;
  try {
    const answer = await fetch(base + operation, {
      method: 'POST',
      headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    requestId = answer.headers.get('x-request-id');
    status = answer.status;
    return { requestId, status, ...readAnswer(await answer.text(), 'stream' in more) };
  } catch {
    return { requestId, status, complete: false, told: null };
  }
}

function readAnswer(text: string, streamed: boolean): Pick<Sent, 'complete' | 'told'> {
  const usage = /"usage":\{"prompt_tokens":(\d+),"total_tokens":\d+,"completion_tokens":(\d+)/.exec(
    text,
  );
  return {
    complete: streamed ? text.endsWith('data: [DONE]\n\n') && !text.includes('"error"') : true,
    told: usage === null ? null : { prompt: Number(usage[1]), completion: Number(usage[2]) },
  };
}
