import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { plain } from '../../services/proxy/test/ambiguous-requests.ts';
import { openBehind } from './behind.ts';
import type { Case } from './cases.ts';
import { judge } from './judge.ts';
import { talk } from './talk.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
/** A body that the broken path waits for in vain, though it is there. */
const inChunks =
  'POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n';
/** Turns of the loop. */
const patience = 200;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const path of opened.splice(0)) await path.close();
});

/** A path that answers each turn at once, but for what `fault` takes in hand. */
async function path(fault: (socket: Socket, text: string) => boolean): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      if (fault(socket, text)) return;
      if (/connection: close/.test(text)) socket.end(ok);
      else socket.write(ok);
    });
  });
  const behind = await openBehind(server, { seen: [], problems: [] });
  opened.push(behind);
  return behind.port;
}

async function verdict(one: Case, ports: readonly [front: number, node: number]) {
  const [front, node] = await Promise.all([
    talk(ports[0], one, patience),
    talk(ports[1], one, patience),
  ]);
  return judge(one, { front, node }, 'fz000000001');
}

const swallow = (_: Socket, text: string) => text.includes('chunked');

it('finds nothing where all is answered, or need not be', async () => {
  const good = await path(() => false);
  for (const turns of [[[plain]], [[inChunks], [plain]]])
    expect(await verdict({ turns }, [good, good])).toBeNull();
  // It is not all there: neither says anything before the end.
  const waits = await path((_, text) => text.startsWith('POST'));
  const some = { turns: [[plain.slice(0, -1)]] };
  expect(await verdict(some, [waits, waits])).toBeNull();
});

it.each([
  ['the first on its connection', [[inChunks]]],
  ['behind one that is answered', [[plain], [inChunks]]],
  ['in packets', [[inChunks.slice(0, 80), inChunks.slice(80)]]],
])('finds a complete request that neither path answers: %s', async (_, turns) => {
  const broken = await path(swallow);
  const good = await path(() => false);
  expect(await verdict({ turns }, [broken, broken])).toBe(
    'front: a complete request is not answered',
  );
  expect(await verdict({ turns }, [good, broken])).toBe('node: a complete request is not answered');
});

it('finds that the last one is not answered which comes behind all others', async () => {
  const broken = await path((_, text) => text.startsWith('GET /health'));
  expect(await verdict({ turns: [[plain]] }, [broken, broken])).toContain('is not answered');
});

it('finds a connection that ends without a word', async () => {
  const broken = await path((socket) => socket.end() !== null);
  expect(await verdict({ turns: [[plain]] }, [broken, broken])).toContain('is not answered');
});
