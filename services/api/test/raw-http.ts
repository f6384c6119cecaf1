import { connect } from 'node:net';

/** Sends until the server answers, as curl does. */
export async function oversized(
  url: string,
  key: string,
  size: number,
  headers: object,
): Promise<string> {
  const chunk = Buffer.alloc(65_536, 'x');
  const chunked = 'transfer-encoding' in headers;
  const head = Object.entries({
    host: 'x',
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    ...headers,
  });
  return await exchange(
    url,
    `PUT /p/demo/models HTTP/1.1\r\n${head.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`,
    function* () {
      for (let sent = 0; sent < size; sent += chunk.length) {
        yield chunked
          ? Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')])
          : chunk;
      }
    },
  );
}

/** Sends bytes as they are; what comes back until the connection ends. */
export function exchange(
  url: string,
  head: string,
  body: () => Iterable<Buffer> = () => [],
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { hostname, port } = new URL(url);
  let received = '';
  const socket = connect(Number(port), hostname);
  const rest = body()[Symbol.iterator]();
  const pump = () => {
    while (received === '' && socket.writable) {
      const { value, done } = rest.next();
      if (done || !socket.write(value)) return;
    }
  };
  socket.on('connect', () => {
    socket.write(head);
    pump();
  });
  socket.on('drain', pump);
  socket.on('data', (data) => {
    received += data.toString();
    // The whole answer is one packet here; like curl, hang up instead of sending the rest.
    socket.end();
  });
  socket.on('error', () => resolve(received));
  socket.on('close', () => resolve(received));
  return promise;
}
