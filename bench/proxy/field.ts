import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Candidate } from './candidates/candidate.ts';
import type { Cores } from './cores.ts';
import { type Entrant, enter } from './entrant.ts';

/** Who takes part, and what is needed to start them. */
export interface Field {
  readonly enginePort: number;
  readonly cores: Cores;
  /** Of the load generators; candidates get folders in it. */
  readonly folder: string;
}

/** Starts a candidate and looks at its answers. @throws Error with the reason why it cannot take part */
export async function start(
  candidate: Candidate,
  { enginePort, cores, folder }: Field,
): Promise<Entrant> {
  const own = await mkdtemp(join(folder, 'candidate-'));
  const running = await candidate.start({ enginePort, cpu: cores.candidate, folder: own });
  try {
    return await enter(candidate, running, folder);
  } catch (error) {
    await running.stop();
    throw error;
  }
}
