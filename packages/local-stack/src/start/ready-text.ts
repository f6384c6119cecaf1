import { authorityOf } from '@wakefield/runtime';
import { demoModel, demoProject } from './first-model.ts';
import type { Stack } from './stack.ts';

/** What a newcomer needs next, to copy. The first line is for scripts, too. */
export function readyText(facts: Stack & { readonly seconds: number }): string {
  const lines: readonly (readonly [string, string | null])[] = [
    ['key', facts.key],
    [
      'first chat',
      facts.firstModel
        ? `${firstChat(facts)}\n${' '.repeat(14)}(asking wakes the model, should it sleep)`
        : null,
    ],
    ['next', facts.centre === null ? null : firstSteps(facts, facts.centre)],
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
    `Ready after ${facts.seconds.toFixed(1)} s. Ctrl-C ends everything${facts.centre === null ? '' : ' here; jobs at a centre go on'}.`,
    '',
  ].join('\n');
}

/** At a centre there is no project and no model that anybody could know of. */
function firstSteps(
  { url, key }: { readonly url: string; readonly key: string },
  cluster: string,
): string {
  const call = (method: string, path: string, body: object) =>
    `curl -X ${method} ${url}${path} -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  return [
    `activate a project (its accounting string) on ${cluster}, then register a model:`,
    call('POST', '/p', { project: 'PROJECT', cluster }),
    call('PUT', '/p/PROJECT/models', { hf_model_id: 'Qwen/Qwen3-8B', gpu_count: 1 }),
  ].join(`\n${' '.repeat(14)}`);
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
  return `http://${authorityOf({ host, port })}`;
}
