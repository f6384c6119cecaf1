import { chunk, completion, done, json, role, type Script, sseHeaders } from './engine.ts';

/** What an engine does that is told so by `say` of the body. */
const sayings: Readonly<Record<string, Script>> = {
  plain: (response) => json(response, 200, completion('stop', 'Hello.')),
  // Without a length.
  chunked: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-end': ['1', '2'] });
    response.end(JSON.stringify(completion('stop', 'Hé.')));
  },
  undated: (response) => {
    response.sendDate = false;
    json(response, 200, {});
  },
  refusal: (response) => json(response, 400, { error: { message: 'no' } }),
  failure: (response) => json(response, 500, { error: { message: 'oh' } }),
  empty: (response) => void response.writeHead(204).end(),
  nothing: (response) => void response.writeHead(200, { 'content-length': 0 }).end(),
  latin: (response) => void response.writeHead(200, { 'x-name': 'é' }).end('{}'),
  large: (response) => json(response, 200, { text: 'x'.repeat(400_000) }),
  stream: async (response) => {
    response.writeHead(200, sseHeaders);
    for (const piece of [role, chunk({ content: 'Hé' }), chunk({ content: 'llo' }, 'stop')]) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    response.end(done);
  },
  // The engine goes away in the middle of an event.
  cut: (response) => {
    response.writeHead(200, sseHeaders);
    response.write(`${role}${chunk({ content: 'one' })}data: {"id":`);
    setTimeout(() => response.destroy(), 5);
  },
  // The same between two of them.
  gone: (response) => {
    response.writeHead(200, sseHeaders);
    response.write(`${role}${chunk({ content: 'one' })}`);
    setTimeout(() => response.destroy(), 5);
  },
};

export const sayingsKnown = Object.keys(sayings);

/** An engine that answers as its request says. */
export const talkative: Script = (response, seen) => {
  const say = /"say":"(\w+)"/.exec(seen.body)?.[1] ?? 'plain';
  return sayings[say]?.(response, seen);
};
