import type { Closing } from './closing.ts';
import type { StartOptions } from './options.ts';
import type { Progress } from './progress.ts';

/** What every part of a start works with. */
export interface StackContext {
  readonly options: StartOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  /** For lines that come while it runs. */
  readonly log: (line: string) => void;
  /** Where what is opened is put, so that the caller can end it at any moment. */
  readonly closing: Closing;
}
