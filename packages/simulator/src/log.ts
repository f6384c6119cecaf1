import type { RankPlace } from './rank-place.ts';

export type Log = (text: string) => void;

/** What a process says, with its rank where there are several. */
export function logOf({ nodes, rank }: RankPlace): Log {
  const who = nodes === 1 ? 'simulator' : `simulator rank ${rank} of ${nodes}`;
  return (text) => console.log(`INFO ${new Date().toISOString()} [${who}] ${text}`);
}

/** The engine dies as vLLM does: with a Python traceback in its log. */
export function traceback(error: string): void {
  console.error(
    [
      'Traceback (most recent call last):',
      '  File "vllm/v1/engine/core.py", line 1, in run_engine_core (simulated)',
      error,
    ].join('\n'),
  );
}
