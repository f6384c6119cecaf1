import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds at a moment. */
export interface Sample {
  readonly at: number;
  readonly residentMiB: number;
  readonly descriptors: number;
}

export interface ProcessWatch {
  /** By name and pid. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  stop(): void;
}

const everyMs = 10_000;
/** What a process needs at first is there after so many. */
export const warmSamples = 12;

/** Writes down memory and descriptors of every process that is named at the moment. */
export function watchProcesses(
  list: () => Promise<readonly { readonly name: string; readonly pid: number }[]>,
): ProcessWatch {
  const samples = new Map<string, Sample[]>();
  const look = async () => {
    for (const { name, pid } of await list()) {
      const sample = sampleOf(pid);
      if (sample === null) continue;
      const key = `${name} ${pid}`;
      samples.set(key, [...(samples.get(key) ?? []), sample]);
    }
  };
  const timer = setInterval(() => void look().catch(() => undefined), everyMs);
  return { samples, stop: () => clearInterval(timer) };
}

/** null: it is gone. */
function sampleOf(pid: number): Sample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    return { at: Date.now(), residentMiB: kib / 1024, descriptors };
  } catch {
    return null;
  }
}
