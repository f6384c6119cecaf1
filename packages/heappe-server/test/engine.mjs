// What a job runs in the tests of the tunnels: it writes its port into the file `port` and answers a few paths.
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  switch (request.url) {
    case '/echo':
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          method: request.method,
          headers: request.headers,
          body,
          word: 'žluťoučký',
        }),
      );
      return;
    case '/busy':
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":"busy"}');
      return;
    case '/created':
      response.writeHead(201).end('made');
      return;
    case '/never':
      return;
    case '/events':
      response.setHeader('content-type', 'text/event-stream');
      for (let n = 1; n <= 3; n++) {
        response.write(`data: {"n":${n}}\n\n`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      response.end('data: [DONE]\n\n');
      return;
    case '/endless': {
      response.setHeader('content-type', 'text/event-stream');
      const timer = setInterval(() => response.write('data: tick\n\n'), 20);
      response.once('close', () => {
        clearInterval(timer);
        appendFileSync('closed', 'closed\n');
      });
      return;
    }
    case '/breaks':
      response.setHeader('content-type', 'text/event-stream');
      response.write('data: first\n\n');
      setTimeout(() => response.destroy(), 50);
      return;
    case '/long':
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ text: 'x'.repeat(600) }));
      return;
    case '/letters':
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ text: `xy${'ž'.repeat(300)}` }));
      return;
    default:
      response.writeHead(404).end('nothing here');
  }
});
server.listen(0, '127.0.0.1', () => {
  writeFileSync('.port', String(server.address().port));
  renameSync('.port', 'port');
});
