import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';

let wakefield: Wakefield;

beforeAll(async () => {
  wakefield = await startWakefield({ args: ['--slurm'] });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
}, 30_000);

/** The log as the job has it. */
async function logFile(): Promise<string> {
  const [file] = globSync(join(wakefield.directory, '**', 'wf-*', 'log'));
  return file === undefined ? '' : await readFile(file, 'utf8');
}

/** The lines that events told. */
function logOf(stream: string): string {
  const events = [...stream.matchAll(/^event: log\n((?:data: .*\n)+)/gm)];
  return events.map(([, data = '']) => data.replaceAll(/^data: /gm, '')).join('');
}

test('a log is followed through the public door as the job writes it, from its beginning to its end', async () => {
  const config = { environment: { SIMULATOR_LOAD_SECONDS: 1 } };
  const started = await wakefield.call('POST', '/api/v1/services', {
    recipe_name: 'simulator',
    config,
  });
  expect(started.status).toBe(201);
  const path = `/api/v1/services/${started.body.id}`;
  const answer = await fetch(`${wakefield.url}${path}/logs?follow=1&tail=all`, {
    headers: { authorization: `Bearer ${wakefield.key}` },
    signal: AbortSignal.timeout(120_000),
  });
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  let text = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
  })();
  await eventually('the engine to be started', async () => /data: wakefield: starting/.test(text));
  const running = async () =>
    (await wakefield.call('GET', `${path}/status`)).body.status === 'running';
  await eventually('the service to run', running, 60_000);
  // What was told until now came while the job ran.
  expect(text).not.toContain('event: end');
  const position = [...text.matchAll(/^id: (\d+-\d+)$/gm)].at(-1)?.[1] ?? '';
  await wakefield.call('DELETE', path);
  await reading;

  expect(text).toMatch(/event: end\ndata: \{"status":"stopped",.*\}\n\n$/);
  const file = await logFile();
  expect(file).toMatch(
    /asked to drain(\nINFO .*)*\nwakefield: ended, cause drained, engine exit code 0\n$/,
  );
  expect(logOf(text)).toBe(file);
  // The same once more, from where it was when the service began to run.
  const rest = await fetch(`${wakefield.url}${path}/logs?follow=1`, {
    headers: { authorization: `Bearer ${wakefield.key}`, 'last-event-id': position },
    signal: AbortSignal.timeout(60_000),
  });
  const [, offset = ''] = position.split('-');
  const behind = Buffer.from(file).subarray(Number(offset)).toString();
  expect(logOf(await rest.text())).toBe(behind);
  const plain = await wakefield.call('GET', `${path}/logs?tail=1`);
  expect(plain.headers.get('x-log-over')).toBe('true');
  expect(plain.body).toBe(file.split('\n').slice(-2).join('\n'));
}, 240_000);
