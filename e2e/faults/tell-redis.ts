import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Inline commands, as a person types them (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 * @throws Error with what Redis refused
 */
export async function tellRedis(url: string, ...commands: readonly string[]): Promise<void> {
  const { hostname, port, password } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  let answer = '';
  socket.on('data', (part: string) => {
    answer += part;
  });
  const login = password === '' ? [] : [`AUTH ${decodeURIComponent(password)}`];
  socket.write([...login, ...commands, 'QUIT', ''].join('\r\n'));
  await once(socket, 'close');
  const refused = /^-.*$/m.exec(answer)?.[0];
  if (refused !== undefined || answer === '') throw new Error(`Redis: ${refused ?? 'no answer'}`);
}
