import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../../packages/local-stack/src/index.ts';
import { mostDescriptors } from '../../child/pinned.ts';
import { plainAsking } from './asking.ts';
import type { Candidate } from './candidate.ts';
import { type Program, provideProgram } from './program.ts';
import { startServer } from './server.ts';

/**
 * nginx as a plain reverse proxy, as fast as it is for this: one worker, connections to the engine kept, bodies in
 * memory, nothing buffered of answers (a stream could not be had otherwise), no log.
 */
export function nginx(directory: string, report: (line: string) => void): Candidate {
  let program: Program | null = null;
  return {
    name: 'nginx',
    slow: false,
    brief: false,
    compiles: false,
    rewrites: false,
    prepare: async () => {
      const packages = ['nginx', 'nginx-light', 'nginx-core'];
      program = await provideProgram({
        name: 'nginx',
        packages,
        versionFlag: '-v',
        directory,
        report,
      });
      return program.version;
    },
    start: async (place) => {
      if (program === null) throw new Error('it was not prepared');
      const port = await freePorts(1);
      const file = join(place.folder, 'nginx.conf');
      await writeFile(file, configuration(place.folder, port, place.enginePort));
      return await startServer(place, {
        command: [program.path, '-p', place.folder, '-e', 'stderr', '-c', file],
        env: program.env,
        port,
        readyPath: '/v1/models',
        asking: plainAsking,
        patienceMs: 10_000,
      });
    },
  };
}

function configuration(folder: string, port: number, enginePort: number): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = kinds.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n');
  // As root its workers would be somebody who may not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `${user}daemon off;
worker_processes 1;
worker_rlimit_nofile ${mostDescriptors()};
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 65536; }
http {
  access_log off;
${temporary}
  client_max_body_size 64m;
  client_body_buffer_size 2m;
  tcp_nodelay on;
  keepalive_timeout 120s;
  keepalive_requests 1000000000;
  upstream engine {
    server 127.0.0.1:${enginePort};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}
