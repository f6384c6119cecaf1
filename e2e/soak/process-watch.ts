import { readdirSync, readFileSync } from 'node:fs';
import { scrape, sumOf } from '../metric.ts';

/** Somebody who is watched. */
export interface Watched {
  readonly name: string;
  readonly pid: number;
  /** Where it tells its figures; null: it has none. */
  readonly opsUrl: string | null;
}

/** What a process holds at a moment. */
export interface Sample {
  readonly residentMiB: number;
  /**
   * Of its own objects and buffers. What it has from the system beside that stays with it once it was needed, and
   * tells of the busiest moment.
   */
  readonly heldMiB: number;
  readonly descriptors: number;
}

export interface ProcessWatch {
  /** By name and pid. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  stop(): void;
}

const everyMs = 5_000;
/** What a process needs at first is there after so many. */
export const warmSamples = 24;

/** Writes down memory and descriptors of every process that is named at the moment. */
export function watchProcesses(list: () => Promise<readonly Watched[]>): ProcessWatch {
  const samples = new Map<string, Sample[]>();
  const look = async ({ name, pid, opsUrl }: Watched) => {
    const sample = await sampleOf(pid, opsUrl);
    if (sample === null) return;
    const key = `${name} ${pid}`;
    samples.set(key, [...(samples.get(key) ?? []), sample]);
  };
  const lookAtAll = async () => void (await Promise.all((await list()).map(look)));
  const timer = setInterval(() => void lookAtAll().catch(() => undefined), everyMs);
  return { samples, stop: () => clearInterval(timer) };
}

/** null: it is gone, or stands still. */
async function sampleOf(pid: number, opsUrl: string | null): Promise<Sample | null> {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const residentMiB = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    const heldMiB = opsUrl === null ? residentMiB : await objectsOf(opsUrl);
    return Number.isNaN(heldMiB) ? null : { residentMiB, heldMiB, descriptors };
  } catch {
    return null;
  }
}

/** NaN: it does not answer. */
async function objectsOf(opsUrl: string): Promise<number> {
  const figures = await scrape({ opsUrl });
  if (figures === null) return Number.NaN;
  const heap = sumOf(figures, 'nodejs_heap_size_used_bytes');
  return (heap + sumOf(figures, 'nodejs_external_memory_bytes')) / 1024 / 1024;
}
