import type { Behind } from './behind.ts';
import { type Case, casesOf, marked } from './cases.ts';
import { difference, isRacing, judge } from './judge.ts';
import { isOffer } from './session.ts';
import { shrink } from './shrink.ts';
import { hasSwitched, talk } from './talk.ts';
import { openWay, type Way } from './way.ts';

/** What of a run went wrong. */
export interface Failure {
  readonly problem: string;
  /** As small as it was found to be made; null: it is nobody's. */
  readonly failing: Case | null;
  /** Whether it failed again by itself; what did not shows only in company of others. */
  readonly isAgain: boolean;
}

export interface Share {
  /** Requests that were sent, each both ways. */
  readonly requests: number;
  readonly cases: number;
  /** Cases whose offer of WebSocket was taken, on the way with the front. */
  readonly sessions: number;
  readonly failure: Failure | null;
}

/** Cases that go on at once. */
const atOnce = 100;
/** For what is under way to end with its client. */
const settleMs = 3000;

/**
 * Sends cases to both proxies and compares what becomes of them.
 * @param least requests; it ends with the first failure
 */
export async function fuzz(bench: Bench, seed: number, least: number): Promise<Share> {
  let requests = 0;
  let cases = 0;
  let sessions = 0;
  for (let batch = 0; requests < least; batch += 1) {
    const all = casesOf(seed * 1_000_003 + batch, atOnce);
    const result = await bench.run(all);
    requests += result.requests;
    sessions += result.sessions;
    cases += all.length;
    if (result.problem !== null)
      return {
        requests,
        cases,
        sessions,
        failure: await find(all, result.problem, result.failing),
      };
  }
  return { requests, cases, sessions, failure: null };
}

/** One case by itself. @returns what is wrong; null: nothing */
export async function replay(failing: Case): Promise<string | null> {
  return await onBothWays(async (bench) => (await bench.run([failing])).problem);
}

/** Which case it was, as small as it can be made. Each try has proxies of its own: what was left would fail the next one. */
async function find(all: readonly Case[], problem: string, failing: Case | null): Promise<Failure> {
  const fails = async (one: Case) => (await replay(one)) !== null;
  for (const one of failing === null ? await halved(all) : [failing, ...all]) {
    if (!(await fails(one))) continue;
    const least = await shrink(one, fails);
    return { problem: (await replay(least)) ?? problem, failing: least, isAgain: true };
  }
  return { problem, failing, isAgain: false };
}

/** Those of many that fail together, as few as halving finds. */
async function halved(all: readonly Case[]): Promise<readonly Case[]> {
  let those = all;
  while (those.length > 1) {
    const half = Math.ceil(those.length / 2);
    const halves = [those.slice(0, half), those.slice(half)];
    let failing: readonly Case[] | null = null;
    for (const some of halves)
      failing ??= await onBothWays(async (bench) =>
        (await bench.run(some)).problem === null ? null : some,
      );
    if (failing === null) return those;
    those = failing;
  }
  return those;
}

interface Found {
  readonly turns: number;
  readonly switched: boolean;
  readonly problem: string | null;
}

interface Result {
  readonly requests: number;
  readonly sessions: number;
  /** The first; null: none. */
  readonly problem: string | null;
  /** Whose it is, where that shows. */
  readonly failing: Case | null;
}

async function onBothWays<T>(act: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = await openBench();
  try {
    return await act(bench);
  } finally {
    await bench.close();
  }
}

/** A proxy with the front and one without it. */
export async function openBench(): Promise<Bench> {
  const [front, node] = await Promise.all([openWay(true), openWay(false)]);
  return new Bench(front, node);
}

/** Both ways, and what goes wrong in this process meanwhile. */
class Bench {
  readonly #front: Way;
  readonly #node: Way;
  #marks = 0;
  /** Marks of those that may be passed on, or not. */
  readonly #racing = new Set<string>();
  #crash: string | null = null;

  constructor(front: Way, node: Way) {
    this.#front = front;
    this.#node = node;
    process.on('uncaughtException', this.#crashed);
    process.on('unhandledRejection', this.#crashed);
  }

  async run(cases: readonly Case[]): Promise<Result> {
    const found = await Promise.all(cases.map((one) => this.#runOne(one)));
    const requests = found.reduce((sum, { turns }) => sum + turns, 0);
    const sessions = found.filter(({ switched }) => switched).length;
    const at = found.findIndex(({ problem }) => problem !== null);
    const problem =
      this.#crash ?? found[at]?.problem ?? (await this.#behind()) ?? (await this.#remains());
    for (const way of [this.#front, this.#node]) way.forget();
    this.#racing.clear();
    return { requests, sessions, problem, failing: cases[at] ?? null };
  }

  async close(): Promise<void> {
    process.off('uncaughtException', this.#crashed);
    process.off('unhandledRejection', this.#crashed);
    await Promise.all([this.#front.stop(), this.#node.stop()]);
  }

  async #runOne(one: Case): Promise<Found> {
    this.#marks += 1;
    const mark = `fz${String(this.#marks).padStart(9, '0')}`;
    const sent = marked(one, mark);
    const [front, node] = await Promise.all([
      talk(this.#front.proxy.port, sent),
      talk(this.#node.proxy.port, sent),
    ]);
    if (isRacing(sent, { front, node })) this.#racing.add(mark);
    const problem = judge(sent, { front, node }, mark);
    return { turns: front.turns, switched: hasSwitched(front.read), problem };
  }

  /** What engines and apis were sent, and whether it was the same. */
  async #behind(): Promise<string | null> {
    const [front, node] = [this.#front, this.#node];
    for (const { problems } of [front.engine, front.api, node.engine, node.api]) {
      const [problem] = problems;
      if (problem !== undefined) return problem;
    }
    const differ = difference(this.#sure(front.engine), this.#sure(node.engine));
    if (differ !== null) return `engines were sent ${differ}`;
    const differs = difference(this.#sure(front.api), this.#sure(node.api));
    return differs === null ? null : `apis were sent ${differs}`;
  }

  #sure({ seen }: Behind): readonly string[] {
    const isSure = (request: string): boolean => {
      const mark = /fz\d{9}/.exec(request)?.[0];
      return mark === undefined ? !isOffer(request) : !this.#racing.has(mark);
    };
    return seen.splice(0).filter(isSure);
  }

  /** What is left when all clients are gone. */
  async #remains(): Promise<string | null> {
    const deadline = performance.now() + settleMs;
    for (;;) {
      const [atFront, atNode] = await Promise.all([this.#front.remains(), this.#node.remains()]);
      const all = [
        ...atFront.map((text) => `with the front ${text}`),
        ...atNode.map((text) => `without it ${text}`),
      ];
      if (all.length === 0) return null;
      if (performance.now() > deadline) return `left when all clients are gone: ${all.join(', ')}`;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  readonly #crashed = (error: unknown): void => {
    this.#crash ??= `crash: ${error instanceof Error ? error.stack : String(error)}`;
  };
}
