import { parseArgs } from 'node:util';
import { checkPlace, type RankPlace } from './rank-place.ts';

/** Whose wire behaviour is imitated. */
export type Dialect = 'vllm' | 'sglang';

/**
 * Failure on purpose.
 * - `start`  ends with code 1 at once
 * - `load`   dies half-way through loading
 * - `serve`  every third generation fails with 500, the ninth kills the engine
 */
export type FailMode = 'none' | 'start' | 'load' | 'serve';

export interface SimulatorOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Served names; answers and metrics carry the first. */
  readonly models: readonly string[];
  /** null: no key is asked for. */
  readonly key: string | null;
  readonly loadSeconds: number;
  /** Per request. */
  readonly tokensPerSecond: number;
  readonly maxConcurrency: number;
  readonly maxModelLen: number;
  readonly fail: FailMode;
  /** Seconds that running requests get after SIGTERM; 0 cuts them at once. */
  readonly shutdownTimeout: number;
  readonly dialect: Dialect;
  /** Whether usage says how much of a prompt was at hand, as by vLLM's flag of that name. */
  readonly enablePromptTokensDetails: boolean;
}

/** Command line as parsed; the key is still a file name, reading it is main's work. */
export interface CommandLine extends Omit<SimulatorOptions, 'key'> {
  readonly keyFile: string | null;
  readonly place: RankPlace;
}

export const defaultOptions: SimulatorOptions = {
  host: '127.0.0.1',
  port: 8000,
  models: ['wakefield/simulator'],
  key: null,
  loadSeconds: 2,
  tokensPerSecond: 100,
  maxConcurrency: 64,
  maxModelLen: 32_768,
  fail: 'none',
  shutdownTimeout: 0,
  dialect: 'vllm',
  enablePromptTokensDetails: false,
};

/** One process, on one node. Five minutes are what torch's TCPStore waits by default, where vLLM's ranks meet. */
export const alone: RankPlace = {
  nodes: 1,
  rank: 0,
  headHost: '127.0.0.1',
  headPort: 29_501,
  waitSeconds: 300,
};

/** @throws Error with a sentence for the user when a flag is unknown or its value is out of bounds */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      model: { type: 'string', multiple: true },
      'key-file': { type: 'string' },
      'load-seconds': { type: 'string' },
      'tokens-per-second': { type: 'string' },
      'max-concurrency': { type: 'string' },
      'max-model-len': { type: 'string' },
      fail: { type: 'string' },
      'shutdown-timeout': { type: 'string' },
      dialect: { type: 'string' },
      'enable-prompt-tokens-details': { type: 'boolean' },
      nnodes: { type: 'string' },
      'node-rank': { type: 'string' },
      'master-addr': { type: 'string' },
      'master-port': { type: 'string' },
      'distributed-timeout-seconds': { type: 'string' },
      headless: { type: 'boolean' },
    },
  });
  const number = (name: keyof typeof values, fallback: number, min: number, max: number) => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!Number.isFinite(value) || value < min || value > max) {
      throw new Error(`--${name} must be a number from ${min} to ${max}, not ${String(text)}`);
    }
    return value;
  };
  const integer = (name: keyof typeof values, fallback: number, min: number, max: number) =>
    Math.trunc(number(name, fallback, min, max));
  const d = defaultOptions;
  const place: RankPlace = {
    nodes: integer('nnodes', alone.nodes, 1, 1024),
    rank: integer('node-rank', alone.rank, 0, 1023),
    headHost: values['master-addr'] ?? alone.headHost,
    headPort: integer('master-port', alone.headPort, 1, 65_535),
    waitSeconds: integer('distributed-timeout-seconds', alone.waitSeconds, 1, 86_400),
  };
  return {
    host: values.host ?? d.host,
    port: integer('port', d.port, 0, 65_535),
    models: values.model ?? d.models,
    keyFile: values['key-file'] ?? null,
    loadSeconds: number('load-seconds', d.loadSeconds, 0, 3600),
    tokensPerSecond: number('tokens-per-second', d.tokensPerSecond, 0.1, 100_000),
    maxConcurrency: integer('max-concurrency', d.maxConcurrency, 1, 100_000),
    maxModelLen: integer('max-model-len', d.maxModelLen, 16, 10_000_000),
    fail: oneOf('fail', values.fail, ['none', 'start', 'load', 'serve'], d.fail),
    shutdownTimeout: number('shutdown-timeout', d.shutdownTimeout, 0, 86_400),
    dialect: oneOf('dialect', values.dialect, ['vllm', 'sglang'], d.dialect),
    enablePromptTokensDetails:
      values['enable-prompt-tokens-details'] ?? d.enablePromptTokensDetails,
    place: checkPlace(place, values.headless ?? false),
  };
}

function oneOf<const T extends string>(
  name: string,
  text: string | undefined,
  allowed: readonly T[],
  fallback: T,
): T {
  if (text === undefined) return fallback;
  const found = allowed.find((value) => value === text);
  if (found === undefined) {
    throw new Error(`--${name} must be one of ${allowed.join(', ')}, not ${text}`);
  }
  return found;
}
