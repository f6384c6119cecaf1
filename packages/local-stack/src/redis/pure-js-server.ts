// Child process: a Redis in plain JavaScript, for machines where no real one can be had. argv: the port, and
// the directory with its password.
import { type ListenOptions, Server } from 'node:net';
import { keptPassword } from '../password.ts';

const port = Number(process.argv[2]);
const password = keptPassword(process.argv[3] ?? '.');

// js-redis-server has no option for the address and would listen on every interface.
const listen = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;
const onLoopback = function (this: Server, first: unknown, ...rest: unknown[]): Server {
  const options: ListenOptions =
    typeof first === 'object' && first !== null ? first : { port: Number(first) };
  const callback = rest.find((arg) => typeof arg === 'function');
  return listen.call(this, { ...options, host: '127.0.0.1' }, ...(callback ? [callback] : []));
};
Server.prototype.listen = onLoopback as typeof Server.prototype.listen;

const { createRedisMock } = await import('js-redis-server');
const { state } = await createRedisMock({ port });
// Nobody has been answered yet: connections wait for the turn in which it began to listen to end.
if (state === undefined) throw new Error('the stand-in takes no password');
Object.assign(state, { requirepass: password });
setInterval(() => undefined, 1 << 30);
