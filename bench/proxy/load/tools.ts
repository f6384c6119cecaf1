import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned } from '../../child/pinned.ts';
import { type LineChild, startLineChild } from '../../child/start-line-child.ts';
import type { Cores } from '../cores.ts';
import { compileNative } from '../native/compile.ts';
import { answers } from '../wire.ts';
import { type LoadOrder, lineOf } from './orders.ts';

/** One load generator; it is started anew after an order that failed. */
export interface Load {
  run<Result>(order: LoadOrder): Promise<Result>;
  /** null before its first order. */
  pid(): number | null;
}

/** Engine and load generator of a run. */
export interface Tools {
  readonly kind: 'C' | 'Node';
  /** Why they are not those in C; null: they are. */
  readonly reason: string | null;
  readonly engine: { readonly port: number; readonly pid: number };
  /** Requests that the engine has answered so far. */
  answered(): Promise<number>;
  readonly load: Load;
  /** More generators, for what goes on beside it. */
  readonly others: readonly Load[];
  /** Ends all generators, whatever they are at; they are started anew. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const numberOfOthers = 3;
/** Longer than any order takes, and than a generator waits for answers before it says so itself. */
const patienceMs = 120_000;

/**
 * @param folder for programs, answers and files of requests
 * @param wanted `C` falls back to Node where there is no compiler
 */
export async function startTools(
  folder: string,
  cores: Cores,
  wanted: Tools['kind'] = 'C',
): Promise<Tools> {
  const commands = await commandsFor(folder, wanted);
  const children = new Set<LineChild>();
  const start = async (cpu: number | null, command: readonly string[]): Promise<LineChild> => {
    const child = await startLineChild(pinned(cpu, command), folder);
    children.add(child);
    return child;
  };
  const loads: { end(): Promise<void> }[] = [];
  const newLoad = (): Load => {
    let child: LineChild | null = null;
    const end = async (): Promise<void> => {
      const ended = child;
      child = null;
      if (ended !== null) children.delete(ended);
      await ended?.stop();
    };
    loads.push({ end });
    return {
      pid: () => child?.pid ?? null,
      run: async <Result>(order: LoadOrder) => {
        child ??= await start(cores.load, commands.load);
        try {
          return await child.ask<Result>(lineOf(order), patienceMs);
        } catch (error) {
          await end();
          throw error;
        }
      },
    };
  };
  const engine = await start(cores.engine, commands.engine);
  const { port } = engine.greeting as { readonly port: number };
  return {
    kind: commands.kind,
    reason: commands.reason,
    engine: { port, pid: engine.pid },
    answered: async () => (await engine.ask<{ readonly requests: number }>('count')).requests,
    load: newLoad(),
    others: Array.from({ length: numberOfOthers }, newLoad),
    reset: async () => {
      await Promise.all(loads.map(({ end }) => end()));
    },
    stop: async () => {
      await Promise.all([...children].map((child) => child.stop()));
    },
  };
}

interface Commands {
  readonly kind: Tools['kind'];
  readonly reason: string | null;
  readonly engine: readonly string[];
  readonly load: readonly string[];
}

async function commandsFor(folder: string, wanted: Tools['kind']): Promise<Commands> {
  const inNode = (reason: string | null): Commands => {
    const node = [process.execPath, '--conditions=source', '--disable-warning=ExperimentalWarning'];
    const file = (name: string) =>
      fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url));
    return {
      kind: 'Node',
      reason,
      engine: [...node, file('engine')],
      load: [...node, file('load')],
    };
  };
  if (wanted === 'Node') return inNode('asked for');
  const texts = join(folder, 'answers');
  await mkdir(texts, { recursive: true });
  for (const [name, text] of Object.entries(answers)) await writeFile(join(texts, name), text);
  try {
    const { engine, load } = await compileNative(folder);
    return { kind: 'C', reason: null, engine: [engine, texts], load: [load] };
  } catch (error) {
    return inNode((error as Error).message);
  }
}
