import { abortable } from '../ssh/connection.ts';
import { HeappeError } from './failures.ts';

/** Which HEAppE it is. */
export interface VersionSource {
  /** @throws ClusterError, only while it has never been known */
  current(signal: AbortSignal): Promise<string>;
  /** null: it does not say to strangers (before 6.2). */
  toStrangers(signal: AbortSignal): Promise<string | null>;
}

export interface VersionOptions {
  /** `Health`; null: it does not say. */
  readonly publicly: () => Promise<string | null>;
  readonly signedIn: () => Promise<string>;
  /** A clock that only goes forward, in milliseconds. */
  readonly elapsed: () => number;
}

/** An instance is upgraded while we run. */
const GOOD_FOR_MS = 300_000;
const AGAIN_AFTER_MS = 30_000;

/**
 * Every request to an engine asks for it, so it is answered from memory, also while it is asked anew and when that fails:
 * an instance that cannot say how it is may serve very well.
 */
export function createVersionSource(options: VersionOptions): VersionSource {
  const { publicly, signedIn, elapsed } = options;
  let known: { readonly text: string; readonly at: number } | null = null;
  let asking: Promise<string> | null = null;
  let strangers: Promise<string | null> | null = null;
  let triedAt = Number.NEGATIVE_INFINITY;

  const askAsStranger = () => {
    strangers ??= publicly().finally(() => {
      strangers = null;
    });
    return strangers;
  };

  /** One at a time, whoever waits for it. */
  const ask = () => {
    if (asking !== null) return asking;
    triedAt = elapsed();
    asking = askAsStranger()
      .then((text) => text ?? signedIn())
      .then((text) => {
        known = { text, at: elapsed() };
        return text;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  };

  const fromMemory = (): string | null => {
    if (known === null) return null;
    const old = elapsed() - known.at >= GOOD_FOR_MS;
    if (old && elapsed() - triedAt >= AGAIN_AFTER_MS) ask().catch(() => undefined);
    return known.text;
  };

  return {
    current: async (signal) => fromMemory() ?? (await unlessGivenUp(ask(), signal)),
    toStrangers: async (signal) => known?.text ?? (await unlessGivenUp(askAsStranger(), signal)),
  };
}

async function unlessGivenUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    signal.throwIfAborted();
    return await abortable(work, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    // It may fail later, when nobody waits for it.
    work.catch(() => undefined);
    throw new HeappeError('unreachable', 'version: given up', {}, error);
  }
}
