import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Answer } from '../wakefield.ts';

const document = readFileSync(join(import.meta.dirname, 'calls.md'), 'utf8');

/** Every call of the document, by its heading. */
export const calls: ReadonlyMap<string, string> = new Map(
  [...document.matchAll(/^## (.+)\n\n```bash\n([^`]+)\n```$/gm)].map(
    ([, title = '', text = '']) => [title, text],
  ),
);

/** The place and the job of the document. */
const HOST = 'http://localhost:8001';
const JOB = '3652098';

/**
 * Has a shell run a call as it stands, but for the host, the key and the job that it is about.
 * @throws Error where there is no such call, or curl did not get an answer
 */
export async function curl(
  title: string,
  { url, key }: { readonly url: string; readonly key: string },
  job = JOB,
): Promise<Pick<Answer, 'status' | 'body'> & { readonly head: string }> {
  const call = calls.get(title);
  if (call === undefined) throw new Error(`the document has no call "${title}"`);
  const line = call.replaceAll(HOST, url).replaceAll(JOB, job);
  const added = '-sS --max-time 60 -i -H "Authorization: Bearer $KEY"';
  const { stdout } = await promisify(execFile)('bash', ['-c', `${line} ${added}`], {
    env: { ...process.env, KEY: key },
  });
  const [head = '', ...body] = stdout.split('\r\n\r\n');
  const text = body.join('\r\n\r\n');
  const isJson = /^content-type: application\/json/im.test(head);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    body: isJson ? JSON.parse(text) : text,
    head,
  };
}
