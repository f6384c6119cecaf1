import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Candidate, Running } from './candidates/candidate.ts';
import type { Asked } from './load/orders.ts';
import {
  type Asking,
  answers,
  type Expected,
  expectedOf,
  parseShape,
  requestBytes,
  type Shape,
} from './wire.ts';

/** A candidate that takes part. */
export interface Entrant {
  readonly candidate: Candidate;
  readonly running: Running;
  /**
   * How the load generator asks it.
   * @param bodyBytes of each request
   * @param model another one than usual
   */
  asked(shape: Shape, bodyBytes: number, model?: string): Promise<Asked>;
}

/** Letters that an answer which is written anew may have more or less: ids and times of their own. */
const slack = 64;
const probes = 3;
const patienceMs = 30_000;
let files = 0;

/**
 * Asks it for an answer and a stream, and looks into them.
 * @param folder of the load generators
 * @throws Error when what comes is not what the engine said
 */
export async function enter(
  candidate: Candidate,
  running: Running,
  folder: string,
): Promise<Entrant> {
  const json = await expectedBy(candidate, running, 'json');
  const stream = await expectedBy(candidate, running, 'stream-64-0').catch((error: Error) => {
    // There are those whose streams do not work; the rest of them is measured all the same.
    if (!candidate.rewrites) throw error;
    return error;
  });
  const known = new Map<string, Promise<string>>();
  const fileOf = (shape: Shape, bodyBytes: number, model?: string): Promise<string> => {
    const key = `${shape} ${bodyBytes} ${model}`;
    const askings = running.askings.map((one) => (model === undefined ? one : { ...one, model }));
    const file = known.get(key) ?? write(askings, folder, shape, bodyBytes);
    known.set(key, file);
    return file;
  };
  const expected = (shape: Shape): Expected => {
    const whole = expectedOf(shape);
    if (whole.stream && stream instanceof Error) throw stream;
    if (!candidate.rewrites) return whole;
    if (shape === 'json') return json;
    // Longer ones never end in a run.
    if (parseShape(shape).events === 64 && !(stream instanceof Error)) return stream;
    return { stream: whole.stream, least: 0, most: 2 ** 40 };
  };
  return {
    candidate,
    running,
    asked: async (shape, bodyBytes, model) => ({
      port: running.port,
      file: await fileOf(shape, bodyBytes, model),
      ...expected(shape),
    }),
  };
}

async function write(
  askings: readonly Asking[],
  folder: string,
  shape: Shape,
  bodyBytes: number,
): Promise<string> {
  files += 1;
  const name = `requests-${files}`;
  const all = askings.map((asking) => requestBytes(shape, bodyBytes, asking));
  await writeFile(join(folder, name), Buffer.concat(all));
  return name;
}

/** What its answers are like from now on. Who writes them anew is asked more often. */
async function expectedBy(
  { rewrites }: Candidate,
  running: Running,
  shape: Shape,
): Promise<Expected> {
  const sizes = [await probe(running, shape)];
  if (!rewrites) return expectedOf(shape);
  while (sizes.length < probes) sizes.push(await probe(running, shape));
  const { stream } = expectedOf(shape);
  return { stream, least: Math.min(...sizes) - slack, most: Math.max(...sizes) + slack };
}

/** @returns bytes of the answer */
async function probe({ port, askings }: Running, shape: Shape): Promise<number> {
  const [asking] = askings;
  if (asking === undefined) throw new Error('nobody knows how it is asked');
  const answer = await fetch(`http://127.0.0.1:${port}${asking.path}`, {
    method: 'POST',
    headers: headersOf(asking),
    body: bodyOf(shape, asking),
    signal: AbortSignal.timeout(patienceMs),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`it answers ${answer.status}: ${text.slice(0, 200)}`);
  const problem =
    shape === 'json' ? lookAtJson(text) : lookAtStream(text, parseShape(shape).events);
  if (problem !== null) throw new Error(problem);
  return Buffer.byteLength(text);
}

function headersOf({ headers, key }: Asking): Record<string, string> {
  const own = headers.map((line): [string, string] => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).trim()];
  });
  const usual = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return { ...usual, ...Object.fromEntries(own) };
}

function bodyOf(shape: Shape, asking: Asking): string {
  const request = requestBytes(shape, 300, asking).toString('latin1');
  return request.slice(request.indexOf('\r\n\r\n') + 4);
}

const contentOf = (text: string): unknown =>
  (
    JSON.parse(text) as {
      readonly choices?: readonly { readonly message?: { readonly content?: unknown } }[];
    }
  ).choices?.[0]?.message?.content;

function lookAtJson(text: string): string | null {
  return contentOf(text) === contentOf(answers.json)
    ? null
    : `it answers with something else: ${text.slice(0, 200)}`;
}

function lookAtStream(text: string, events: number): string | null {
  const stamps = text.match(/t=\d{16}/g) ?? [];
  if (stamps.length !== events) return `a stream of ${stamps.length} events instead of ${events}`;
  return text.endsWith(answers.done) ? null : 'a stream that does not end with [DONE]';
}
