import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An engine that costs next to nothing: a fixed JSON answer of 500 bytes, or 64 chunks without a pause. */
const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'x'.repeat(320) }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 500, completion_tokens: 80, total_tokens: 580 },
});
const event = (content: string, finish: string | null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })}\n\n`;
const chunks = [...Array(62).fill(event('hello', null)), event('', 'stop'), 'data: [DONE]\n\n'];

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    if (request.headers['x-bench'] !== 'stream') {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': answer.length,
      });
      response.end(answer);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const next = (): void => {
      response.write(chunks[sent]);
      sent += 1;
      if (sent < chunks.length) setImmediate(next);
      else response.end();
    };
    next();
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
