import { demoModel, demoProject } from './first-model.ts';

/** What a newcomer needs next, to copy. The first line is for scripts, too. */
export function readyText(facts: {
  readonly url: string;
  readonly key: string;
  readonly dataDirectory: string;
  readonly firstModel: boolean;
  readonly queueCommand: string | null;
  readonly seconds: number;
}): string {
  const lines: readonly (readonly [string, string | null])[] = [
    ['key', facts.key],
    [
      'first chat',
      facts.firstModel
        ? `${firstChat(facts)}\n${' '.repeat(14)}(the model is asleep; asking wakes it)`
        : null,
    ],
    ['API', `${facts.url}/swagger/index.html`],
    ['queues', `${facts.url}/ops/queues`],
    ['squeue', facts.queueCommand],
    ['data, logs', facts.dataDirectory],
  ];
  return [
    '',
    `Wakefield is ready: ${facts.url}`,
    '',
    ...lines
      .filter(([, text]) => text !== null)
      .map(([name, text]) => `  ${name.padEnd(11)} ${text}`),
    '',
    `Ready after ${facts.seconds.toFixed(1)} s. Ctrl-C ends everything.`,
    '',
  ].join('\n');
}

function firstChat({ url, key }: { readonly url: string; readonly key: string }): string {
  const chat = JSON.stringify({
    model: demoModel,
    stream: true,
    messages: [{ role: 'user', content: 'Hello!' }],
  });
  return `curl -N ${url}/p/${demoProject}/openai/v1/chat/completions -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${chat}'`;
}

/** How to reach a listener from this machine. */
export function publicUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
