import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../../packages/local-stack/src/index.ts';
import { mostDescriptors } from '../../child/pinned.ts';
import { plainAsking } from './asking.ts';
import type { Candidate } from './candidate.ts';
import { type Program, provideProgram } from './program.ts';
import { startServer } from './server.ts';

/** haproxy as a plain reverse proxy: one thread, connections to the engine kept, no log. */
export function haproxy(directory: string, report: (line: string) => void): Candidate {
  let program: Program | null = null;
  return {
    name: 'haproxy',
    slow: false,
    brief: true,
    compiles: false,
    rewrites: false,
    prepare: async () => {
      const options = { name: 'haproxy', packages: ['haproxy'], versionFlag: '-v' };
      program = await provideProgram({ ...options, directory, report });
      return program.version;
    },
    start: async (place) => {
      if (program === null) throw new Error('it was not prepared');
      const port = await freePorts(1);
      const file = join(place.folder, 'haproxy.cfg');
      await writeFile(file, configuration(port, place.enginePort));
      return await startServer(place, {
        command: [program.path, '-db', '-f', file],
        env: program.env,
        port,
        readyPath: '/v1/models',
        asking: plainAsking,
        patienceMs: 10_000,
      });
    },
  };
}

/** Of files that are not connections. */
const spareDescriptors = 100;

function configuration(port: number, enginePort: number): string {
  // It does not start where it could not open two for each connection.
  const connections = Math.floor((mostDescriptors() - spareDescriptors) / 2);
  return `global
  nbthread 1
  maxconn ${connections}
defaults
  mode http
  option http-keep-alive
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 120s
  maxconn ${connections}
listen proxy
  bind 127.0.0.1:${port} backlog 4096
  server engine 127.0.0.1:${enginePort} pool-max-conn -1
`;
}
