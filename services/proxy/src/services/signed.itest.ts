import { createHmac } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { atRoot, pathTo, serviceRoute } from '../../test/service.ts';
import { useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();

/** What clients of S3 sign, but for the words of AWS: method, host, path and query, as the server sees them. */
const signatureOf = (method: string, host: string | undefined, target: string) =>
  createHmac('sha256', 'the password').update(`${method} ${host} ${target}`).digest('hex');

it('what was signed for the address of a store holds when it comes through the door', async () => {
  const store = serviceRoute(scene.engine.port, { access: { ...atRoot, key: { kind: 'none' } } });
  await scene.serve(store);
  scene.engine.answer((response, { method, url, headers }) => {
    const [, target = '', signature] = /^(.*)&X-Amz-Signature=(\w+)$/.exec(url) ?? [];
    // Two ways to prove who asks are one too many (AuthHeaderMultiple of S3).
    const holds = signature === signatureOf(method, headers.host, target);
    response.writeHead(holds && headers.authorization === undefined ? 200 : 403).end();
  });
  const target = '/data/a%20b/%2B.bin?X-Amz-Credential=me%2F20261122&X-Amz-SignedHeaders=host';
  const signature = signatureOf('PUT', `127.0.0.1:${scene.engine.port}`, target);
  const send = (signed: string) =>
    scene.ask(pathTo(store, `${target}&X-Amz-Signature=${signed}`), { method: 'PUT', body: 'x' });
  expect((await send(signature)).status).toBe(200);
  expect((await send('0'.repeat(64))).status).toBe(403);
});
