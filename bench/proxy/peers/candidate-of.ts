import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../../packages/local-stack/src/index.ts';
import type { Candidate } from '../candidates/candidate.ts';
import { startServer } from '../candidates/server.ts';
import { benchKey, readyModel } from '../wire.ts';
import { type Installed, install } from './install.ts';
import type { Peer } from './list.ts';

/** Python that imports a few hundred modules takes its time. */
const patienceMs = 90_000;

/** A peer as a candidate. It is asked at the root, as the SDKs ask it: projects are ours. */
export function candidateOf(
  peer: Peer,
  directory: string,
  report: (line: string) => void,
): Candidate {
  let installed: Installed | null = null;
  return {
    name: peer.name,
    slow: peer.slow,
    brief: false,
    compiles: peer.origin.registry === 'npm',
    rewrites: true,
    prepare: async () => {
      installed = await install(peer, directory, report);
      return installed.version;
    },
    start: async (place) => {
      if (installed === null) throw new Error('it was not installed');
      const first = await freePorts(2);
      const ports = { own: first, metrics: first + 1, engine: place.enginePort };
      for (const [name, text] of Object.entries(peer.files?.(ports) ?? {}))
        await writeFile(join(place.folder, name), text);
      const [word = '', ...args] = peer.command(ports, place.folder);
      return await startServer(place, {
        command: [...installed.program(word), ...args],
        ...(peer.env === undefined ? {} : { env: peer.env }),
        port: ports.own,
        readyPath: peer.readyPath,
        asking: {
          path: '/v1/chat/completions',
          headers: peer.headers?.(ports) ?? [],
          model: readyModel,
          key: benchKey,
        },
        patienceMs,
      });
    },
  };
}
