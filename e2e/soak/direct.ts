import type { StoreWindow } from '@wakefield/testkit';
import { request } from 'undici';
import { chatBody } from '../requests/ask.ts';
import { plainTokens } from './traffic.ts';

/** The same plain requests straight to the engines, now and then: what is not ours of a request's time. */
export interface DirectProbe {
  /** Milliseconds to the first byte of the body. */
  readonly firstByteMs: readonly number[];
  stop(): void;
}

const everyMs = 500;

export function probeEngines(stores: StoreWindow): DirectProbe {
  const firstByteMs: number[] = [];
  const ask = async () => {
    const [engine] = await stores.rows(
      `select address_host as host, address_port as port, engine_key as key, hf_model_id as model
       from jobs join models on models.id = model_id where phase = 'ready' order by random() limit 1`,
    );
    if (engine === undefined) return;
    const startedAt = performance.now();
    const answer = await request(`http://${engine.host}:${engine.port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${engine.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody(String(engine.model), plainTokens, false)),
    });
    let first: number | null = null;
    for await (const _ of answer.body) first ??= performance.now() - startedAt;
    if (first !== null) firstByteMs.push(first);
  };
  // An engine that is just gone tells nothing.
  const timer = setInterval(() => void ask().catch(() => undefined), everyMs);
  return { firstByteMs, stop: () => clearInterval(timer) };
}
