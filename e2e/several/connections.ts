import { request } from 'node:http';
import type { RunFile, Wakefield } from '../wakefield.ts';

export interface FreshAnswer {
  readonly status: number;
  readonly text: string;
}

/** One chat over a connection of its own, so that the kernel picks the proxy anew. Rejects when it is given up or breaks. */
export function chatAnew(
  { url, key }: Pick<Wakefield, 'url' | 'key'>,
  model: string,
  tokens: number,
  signal?: AbortSignal,
): Promise<FreshAnswer> {
  const body = JSON.stringify({
    model,
    messages: [{ role: 'user', content: 'Good morning!' }],
    ignore_eos: true,
    max_tokens: tokens,
  });
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/p/demo/openai/v1/chat/completions`,
      {
        agent: false,
        ...(signal === undefined ? {} : { signal }),
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    asked.once('error', reject).end(body);
  });
}

type Process = RunFile['services']['proxy'][number];

/** Sum of a metric over its labels; those that match only. NaN while the process does not answer. */
export async function metric({ opsUrl }: Process, name: string, labels = ''): Promise<number> {
  const answer = await fetch(`${opsUrl}/metrics`).catch(() => null);
  if (answer === null) return Number.NaN;
  return (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
