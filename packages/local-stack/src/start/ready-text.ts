import { demoModel, demoProject } from './first-model.ts';

/** What a newcomer needs next, to copy. The first line is for scripts, too. */
export function readyText(facts: {
  readonly url: string;
  readonly key: string;
  readonly dataDirectory: string;
  readonly seconds: number;
}): string {
  const chat = JSON.stringify({
    model: demoModel,
    stream: true,
    messages: [{ role: 'user', content: 'Hello!' }],
  });
  return `
Wakefield is ready: ${facts.url}

  key         ${facts.key}
  first chat  curl -N ${facts.url}/p/${demoProject}/openai/v1/chat/completions -H 'Authorization: Bearer ${facts.key}' -H 'Content-Type: application/json' -d '${chat}'
              (the model is asleep; asking wakes it)
  API         ${facts.url}/swagger/index.html
  queues      ${facts.url}/ops/queues
  data, logs  ${facts.dataDirectory}

Ready after ${facts.seconds.toFixed(1)} s. Ctrl-C ends everything.
`;
}

/** How to reach a listener from this machine. */
export function publicUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
