import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { program } from '../test/job.ts';
import { useWorkshop } from '../test/use-workshop.ts';

const workshop = useWorkshop();

describe('ports', () => {
  test('an engine that finds its port taken gets another one', async () => {
    const text =
      'echo "$1" >> ports; if [ "$(wc -l < ports)" -lt 3 ]; then echo "OSError: [Errno 98] Address already in use" >&2; exit 1; fi; exit 7';
    const engine = await program(workshop.root, 'clashing', `#!/bin/bash\n${text}\n`);
    const job = await workshop.start({}, workshop.catalogOf([engine, '{port}']));
    expect(await job.ended()).toBe(7);
    const ports = (await job.read('ports')).trim().split('\n');
    expect(ports).toHaveLength(3);
    expect(await job.json('endpoint.json')).toMatchObject({ port: Number(ports[2]) });
  });

  test('gives up after five', async () => {
    const text = 'echo try >> tries; echo EADDRINUSE; exit 1';
    const job = await workshop.start({}, workshop.catalogOf(['/bin/bash', '-c', text]));
    expect(await job.ended()).toBe(1);
    expect(await job.read('tries')).toBe('try\n'.repeat(5));
  });

  test('another failure is not tried again', async () => {
    const text = 'echo try >> tries; exit 4';
    const job = await workshop.start({}, workshop.catalogOf(['/bin/bash', '-c', text]));
    expect(await job.ended()).toBe(4);
    expect(await job.read('tries')).toBe('try\n');
  });

  test('a taken port is not chosen; without a free one the job says so', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const profile = { ports: { from: port, to: port } };
    const job = await workshop.start({ profile }, workshop.catalogOf(['/bin/true']));
    expect(await job.ended()).toBe(1);
    expect(await job.read('log')).toContain(`no free port between ${port} and ${port}`);
    await new Promise((resolve) => server.close(resolve));
  });

  test('two jobs never share a port, though neither engine has bound it yet', async () => {
    const profile = { ports: { from: 31_890, to: 31_891 } };
    const catalog = workshop.catalogOf(['/bin/sleep', '600']);
    const jobs = [
      await workshop.start({ profile }, catalog),
      await workshop.start({ profile }, catalog),
    ];
    const urls = await Promise.all(jobs.map((job) => job.url()));
    expect(new Set(urls).size).toBe(2);
  });
});
